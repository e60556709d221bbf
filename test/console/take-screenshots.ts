import { copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../components/tools/chromium.ts';
import { artefacts, forms, pictureOf, takePictures } from './pictures.ts';
import { Showcase } from './showcase.ts';

// `npm run screenshots`: pictures of every screen, in .graylane/screenshots. The light ones that
// the documentation shows are copied to docs/images.
const docs = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const [light] = forms;

const showcase = await Showcase.start();
const browser = await launchChromium();
await takePictures(browser, showcase, artefacts);
await browser.close();
await showcase.close();
for (const { name } of showcase.screens) {
  const picture = pictureOf(name, light);
  if (existsSync(`${docs}${picture}`)) copyFileSync(`${artefacts}${picture}`, `${docs}${picture}`);
}
console.log(`screenshots: ${artefacts}, ${docs}`);
