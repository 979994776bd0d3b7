// Signs in by SAML in Chromium: a page of another site posts a response, the person chooses a
// role with the keyboard, and lands in the console. Prints what was seen as JSON.
//
// usage: node saml.mjs <origin> <response> <relay state> <role> [<picture>]

import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [origin, response, relayState, role, picture] = process.argv.slice(2);

const form = `<!doctype html><title>Provider</title><form method="post" action="${origin}/saml">
<input type="hidden" name="SAMLResponse" value="${response}">
<input type="hidden" name="RelayState" value="${relayState}"><button>Go on</button></form>`;
const provider = createServer((_request, answer) => {
  answer.setHeader('content-type', 'text/html');
  answer.end(form);
});
await new Promise((listening) => provider.listen(0, '127.0.0.1', listening));

const profile = mkdtempSync(join(tmpdir(), 'saml-'));
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
  // Another site than `127.0.0.1`, as browsers count sites.
  await page.goto(`http://localhost:${provider.address().port}/`);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Go on' }).click()]);
  seen.title = await page.title();
  seen.accounts = await page.locator('fieldset > div.saml-account > .saml-account-name').allTextContents();
  seen.roles = await page.locator('.saml-role label.saml-role-description').allTextContents();
  if (picture) await page.screenshot({ path: picture, fullPage: true });
  await page.getByRole('radio', { name: role, exact: true }).focus();
  await page.keyboard.press('Space');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  seen.url = page.url();
  seen.words = await page.locator('main').innerText();
  const cookies = await context.cookies();
  seen.cookies = cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }));
} finally {
  await context.close();
  provider.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(seen));
