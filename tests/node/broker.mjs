// Walks through the broker's pages in Chromium, as a person with a keyboard does, and prints what
// was seen as JSON. With a folder it also takes a picture of every page: light, dark, phone.
//
// usage: node broker.mjs <origin> <name> <password> [<folder for pictures>]

import { createServer } from 'node:http';
import { open } from './eyes.mjs';

const [origin, name, password, folder] = process.argv.slice(2);
const { context, page, seen, look, press, close } = await open(origin, folder);
const broker = `${origin}/console/broker`;

// Signs in by the keyboard; the cursor stands in the first field.
const signIn = async (words) => {
  seen.focus = await page.evaluate(() => document.activeElement?.id);
  await page.keyboard.type(name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(words);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
};

// A program that waits on this machine for the browser to come back.
const came = [];
const program = createServer((request, response) => {
  came.push(request.url);
  response.end('<!doctype html><title>Done</title>');
});
await new Promise((ready) => program.listen(0, '127.0.0.1', ready));

try {
  await page.goto(broker);
  await look('broker-sign-in');
  await signIn('not the password');
  await look('broker-refused');
  seen.notice = await page.locator('#notice').textContent();
  // A refusal of ours is no complaint of the browser's.
  seen.complaints = seen.complaints.filter((said) => !said.includes('403'));

  await page.goto(broker);
  await signIn(password);
  await look('broker-choose');
  await press('Get credentials');
  await look('broker-credentials');
  await page.locator('[data-copy=process]').click();
  await page.waitForFunction(() => document.querySelector('[data-announce]').textContent !== '');
  seen.copied = await page.evaluate(() => navigator.clipboard.readText());
  await press('Back to your choice');
  await press('Open console');
  seen.home = page.url();

  const ask = new URLSearchParams({
    response_type: 'code',
    client_id: 'arnold-login',
    redirect_uri: `http://127.0.0.1:${program.address().port}/callback`,
    state: 'the-state',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  await page.goto(`${broker}?${ask}`);
  await look('broker-program');
  await press('Allow');
  seen.came = came.filter((url) => url.startsWith('/callback'));

  await page.goto(broker);
  await press('Sign out');
  seen.left = (await context.cookies()).map((cookie) => cookie.name).sort();
} finally {
  await close();
  program.close();
}
console.log(JSON.stringify(seen));
