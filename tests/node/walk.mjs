// Walks through the console in Chromium, as a person with a keyboard does, and prints what was
// seen as JSON. With a folder it also takes a picture of every page: light, dark, phone.
//
// usage: node walk.mjs <address to begin at> <origin> <authorize path> [<folder for pictures>]

import { open } from './eyes.mjs';

const [begin, origin, authorize, folder] = process.argv.slice(2);
const { context, page, seen, look, press, close } = await open(origin, folder);

try {
  await page.goto(begin);
  await look('home');
  const clock = page.locator('.countdown');
  seen.countdown = [await clock.textContent()];
  await page.waitForFunction((was) => document.querySelector('.countdown').textContent !== was, seen.countdown[0]);
  seen.countdown.push(await clock.textContent());

  await press('Show credentials');
  await look('credentials');
  await page.locator('[data-copy=environment]').click();
  await page.waitForFunction(() => document.querySelector('[data-announce]').textContent !== '');
  seen.announced = await page.locator('[data-announce]').textContent();
  seen.copied = await page.evaluate(() => navigator.clipboard.readText());

  await page.goto(`${origin}/console/home`);
  await press('Switch role');
  await look('switch-role');
  seen.focus = await page.evaluate(() => document.activeElement?.id);

  await page.goto(`${origin}${authorize}`);
  await look('authorize');
  await press('Allow');
  await look('confirmation');
  seen.code = await page.locator('#code').textContent();

  await page.goto(`${origin}/console/home`);
  await press('Sign out');
  await look('signed-out');
  seen.cookies = (await context.cookies()).length;
} finally {
  await close();
}
console.log(JSON.stringify(seen));
