import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import type { Showcase } from './showcase.ts';

/** Pictures of each test run, which CI keeps. */
export const artefacts = fileURLToPath(new URL('../../.graylane/screenshots/', import.meta.url));

/** How each screen is pictured. */
export const forms = [
  { name: 'light', width: 1120, height: 760, colorScheme: 'light' },
  { name: 'dark', width: 1120, height: 760, colorScheme: 'dark' },
  { name: 'narrow', width: 390, height: 844, colorScheme: 'light' },
] as const;

type Form = (typeof forms)[number];

/** The file of a picture. */
export function pictureOf(screen: string, form: Form): string {
  return `console-${screen}${form.name === 'light' ? '' : `-${form.name}`}.png`;
}

/** Takes a picture of each screen in each form. */
export async function takePictures(browser: Browser, showcase: Showcase, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const context = await browser.newContext();
  await showcase.signIn(context);
  const page = await context.newPage();
  for (const screen of showcase.screens) {
    const [{ width, height }] = forms;
    await page.setViewportSize({ width, height });
    await showcase.show(page, screen);
    for (const form of forms) {
      await page.setViewportSize({ width: form.width, height: form.height });
      await page.emulateMedia({ colorScheme: form.colorScheme });
      await page.evaluate('scrollTo(0, 0)');
      await page.screenshot({ path: `${folder}${pictureOf(screen.name, form)}`, animations: 'disabled' });
    }
  }
  await context.close();
}
