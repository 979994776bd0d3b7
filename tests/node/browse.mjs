// Drives Chromium through the page of `page.mjs`: as a guest, or as somebody who signs in at
// the provider's own page. Prints what the page came to.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { url, person } = JSON.parse(process.argv[2]);
const profile = mkdtempSync(join(tmpdir(), 'arnold-browser-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
try {
  const page = await browser.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(url);
  if (person) {
    await page.click('#sign-in');
    await page.fill('input[name=login]', person);
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
    await page.waitForSelector('button[type=submit]');
    await page.click('button[type=submit]');
  } else {
    await page.click('#guest');
  }
  try {
    console.log(await page.textContent('#result', { timeout: 60_000 }));
  } catch (error) {
    console.error(said.join('\n'), page.url());
    throw error;
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
