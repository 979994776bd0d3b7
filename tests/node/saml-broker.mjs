// Signs in at the broker by a SAML provider in Chromium: there, and back by the provider's own
// form from another site. Prints what was seen as JSON.
//
// usage: node saml-broker.mjs <origin>

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [origin] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'saml-broker-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
});
const page = context.pages()[0] ?? (await context.newPage());
const seen = { complaints: [] };
page.on('console', (said) => said.type() === 'error' && seen.complaints.push(said.text()));
page.on('pageerror', (error) => seen.complaints.push(String(error)));

try {
  await page.goto(`${origin}/console/broker`);
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Corp SAML' }).click()]);
  seen.provider = await page.title();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.waitForURL(`${origin}/console/broker`);
  seen.url = page.url();
  seen.words = await page.locator('main').innerText();
  const cookies = await context.cookies(origin);
  seen.cookies = cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(seen));
