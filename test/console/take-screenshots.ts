import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../components/chromium.ts';
import { Showcase } from './showcase.ts';

// `npm run screenshots`: pictures of every screen. Those of the documentation go to docs/images,
// dark and narrow ones to .graylane/screenshots.
const docs = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const artefacts = fileURLToPath(new URL('../../.graylane/screenshots/', import.meta.url));
const forms = [
  { name: 'light', folder: docs, width: 1120, height: 760, colorScheme: 'light' },
  { name: 'dark', folder: artefacts, width: 1120, height: 760, colorScheme: 'dark' },
  { name: 'narrow', folder: artefacts, width: 390, height: 844, colorScheme: 'light' },
] as const;

const showcase = await Showcase.start();
const browser = await launchChromium();
for (const { name, folder, width, height, colorScheme } of forms) {
  mkdirSync(folder, { recursive: true });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  await showcase.signIn(context);
  for (const screen of showcase.screens) {
    const page = await context.newPage();
    await showcase.show(page, screen);
    await page.evaluate('scrollTo(0, 0)');
    const suffix = name === 'light' ? '' : `-${name}`;
    await page.screenshot({ path: `${folder}console-${screen.name}${suffix}.png`, animations: 'disabled' });
    await page.close();
  }
  await context.close();
}
await browser.close();
await showcase.close();
console.log(`screenshots: ${docs}, ${artefacts}`);
