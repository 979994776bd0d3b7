// Registers a security key and a passkey in Chromium by keyboard, signs in with each, and prints
// what was seen as JSON. Chromium plays the keys itself. Where the other side has something to do,
// a line says so and a line of its answers.
//
// usage: node keys.mjs <origin> <account> <user> <password> [<folder for pictures>]

import { createInterface } from 'node:readline';
import { open } from './eyes.mjs';

const [origin, account, user, password, folder] = process.argv.slice(2);
const { context, page, seen, look, press, close } = await open(origin, folder);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const turn = async (what) => {
  console.log(what);
  await lines.next();
};

const home = () => page.goto(`${origin}/console/home`);
const words = (selector) => page.locator(selector).first().textContent();
const go = (deed) => Promise.all([page.waitForNavigation(), deed()]);
const showPassword = async () => {
  await page.goto(`${origin}/console/sign-in?account=${account}`);
  await page.fill('#username', user);
  await page.fill('#password', password);
  await go(() => page.keyboard.press('Enter'));
};
const signOut = async () => {
  await home();
  await press('Sign out');
};
const register = async (name) => {
  await page.fill('#name', name);
  await go(() => page.keyboard.press('Enter'));
  return words('#notice');
};
const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());

try {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const plugIn = async (options) => (await cdp.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
  const present = { automaticPresenceSimulation: true };
  const usb = await plugIn({ protocol: 'ctap2', transport: 'usb', ...present });

  await showPassword();
  await press('Security credentials');
  await look('security-credentials');
  seen.registered = [await register('office-key')];
  // The same one again: the browser itself says so.
  await page.fill('#name', 'again');
  await page.keyboard.press('Enter');
  await page.locator('[data-key-told]').waitFor();
  seen.again = await words('[data-key-told]');
  await look('registered');

  const passkey = await plugIn({
    protocol: 'ctap2',
    ctap2Version: 'ctap2_1',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    defaultBackupEligibility: true,
    defaultBackupState: true,
    ...present,
  });
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: usb, enabled: false });
  await page.goto(`${origin}/console/security`);
  seen.registered.push(await register('phone'));
  await signOut();

  // With the passkey.
  await showPassword();
  await look('second-step');
  seen.focus = await focused();
  await go(() => page.keyboard.press('Enter'));
  seen.withPasskey = await words('dl');
  await signOut();

  // With the key on the bus, and on to what asks for a second factor.
  await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: passkey });
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: usb, enabled: true });
  await showPassword();
  await go(() => page.keyboard.press('Enter'));
  seen.withKey = await words('dl');
  await press('Show credentials');
  seen.environment = await words('#environment');
  await signOut();

  await turn('both are registered');
  await showPassword();
  await turn('the password is shown');
  const complaints = seen.complaints.length;
  await go(() => page.keyboard.press('Enter'));
  seen.refused = await words('#notice');
  await look('refused');
  // A refused page is told on the console, and on no other account.
  seen.complaints.splice(complaints);
} finally {
  await close();
}
console.log(JSON.stringify(seen));
process.exit(0);
