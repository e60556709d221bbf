import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser } from '../support/console.ts';
import { artefacts, forms, pictureOf, takePictures } from './pictures.ts';
import { Showcase } from './showcase.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A limit of time for a test that opens all of them. */
const manyScreens = 600_000;

await describeWith(chromium, 'every screen of the console', () => {
  let showcase: Showcase;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    showcase = await Showcase.start();
    browser = await ConsoleBrowser.launch();
    page = await browser.open('about:blank');
    await showcase.signIn(page.context());
  });
  afterAll(async () => {
    await browser?.close();
    await showcase?.close();
  });

  test(
    'is accessible in both colour schemes, as far as axe-core can tell',
    async () => {
      const findings: unknown[] = [];
      for (const screen of showcase.screens) {
        await showcase.show(page, screen);
        await page.evaluate(axe);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const found = await page.evaluate<AxeResults>('axe.run()');
          findings.push(
            ...found.violations.flatMap(({ id, help, nodes }) =>
              nodes.map(({ html }) => [screen.name, colorScheme, id, help, html.slice(0, 200)]),
            ),
          );
        }
      }
      expect(findings).toEqual([]);
    },
    manyScreens,
  );

  test(
    'fits into 360 to 2,560 px without a scrollbar for the page',
    async () => {
      const wide: unknown[] = [];
      for (const screen of showcase.screens) {
        await showcase.show(page, screen);
        for (const width of [360, 768, 1280, 2560]) {
          await page.setViewportSize({ width, height: 800 });
          const scrolls = await page.evaluate<number>('document.documentElement.scrollWidth');
          if (scrolls > width) wide.push([screen.name, width, scrolls]);
        }
        await page.setViewportSize({ width: 1280, height: 800 });
      }
      expect(wide).toEqual([]);
    },
    manyScreens,
  );

  test(
    'has a picture in light, dark and narrow, as an artefact',
    async () => {
      rmSync(artefacts, { recursive: true, force: true });
      await takePictures(browser.browser, showcase, artefacts);
      const expected = showcase.screens.flatMap(({ name }) => forms.map((form) => pictureOf(name, form)));
      expect(readdirSync(artefacts).toSorted()).toEqual(expected.toSorted());
    },
    manyScreens,
  );

  test('requests nothing of other origins', () => {
    expect(browser.origins).toEqual(new Set([showcase.served.url]));
  });

  test('runs without an error, within the policy', () => {
    expect(browser.faults).toEqual([]);
  });
});

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
