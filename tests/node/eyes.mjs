// A person in Chromium: looks at pages, with what makes them hard to read or to reach, and goes
// on by keyboard alone. With a folder a picture of every page is taken: light, dark, phone.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// The least contrast of any text on the page, by the formula of WCAG 2.
const leastContrast = () => {
  const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).map((c) => channel(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  let least = [21, ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    const pair = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < least[0]) least = [ratio, element.textContent.trim().slice(0, 40)];
  }
  return least;
};

// Opens a browser that may read what it copies at `origin`.
export const open = async (origin, folder) => {
  const profile = mkdtempSync(join(tmpdir(), 'walk-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    viewport: { width: 1100, height: 820 },
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  const page = context.pages()[0] ?? (await context.newPage());
  const seen = { complaints: [], wide: [], unnamed: [], titles: [], contrast: [] };
  page.on('console', (said) => said.type() === 'error' && seen.complaints.push(said.text()));
  page.on('pageerror', (error) => seen.complaints.push(String(error)));

  const look = async (name) => {
    seen.titles.push(await page.title());
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const [ratio, text] = await page.evaluate(leastContrast);
      if (ratio < 4.5) seen.contrast.push(`${name}, ${colorScheme}: ${ratio.toFixed(2)}: ${text}`);
      if (folder) await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 360, height: 740 });
    if (folder) await page.screenshot({ path: join(folder, `${name}-phone.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    if (wide) seen.wide.push(name);
    await page.setViewportSize({ width: 1100, height: 820 });
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll('input:not([type=hidden]), button, a[href]')]
        .filter((element) => !element.textContent.trim() && !element.labels?.length)
        .map((element) => element.outerHTML));
    seen.unnamed.push(...unnamed);
  };

  // By keyboard alone: Tab until the control is reached, then press it.
  const press = async (name) => {
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate(() => document.activeElement?.textContent?.trim());
      if (here === name) {
        await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
        return;
      }
    }
    throw new Error(`the keyboard does not reach ${name}`);
  };

  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, page, seen, look, press, close };
};
