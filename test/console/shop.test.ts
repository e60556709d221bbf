import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../components/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';
import { Shop } from '../support/shop.ts';

await describeWith(chromium, 'the console of the shop', () => {
  let shop: Shop;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    shop = await Shop.open({ GRAYLANE_DEMO_TRAFFIC: 'on', GRAYLANE_DEMO_TELEMETRY: 'on' });
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('is named at the start, and shows the lanes of its own traffic', async () => {
    expect(shop.output).toContain(`  ${shop.flagServer}/\n`);
    const page = await browser.open(shop.flagServer);
    await page.getByRole('img', { name: /Shares of the traffic: .*gray \d/ }).waitFor();
    await shows(page, /^payments \d/);
    await page.getByRole('link', { name: 'Who?' }).click();
    await page.getByRole('heading', { name: 'lane' }).waitFor();
    await page.context().close();
  });

  test('draws the way of requests, and lists a trace hop by hop', async () => {
    const page = await browser.open(`${shop.flagServer}/e/default/map`);
    await page.getByRole('button', { name: 'orders → payments' }).click();
    await page.getByRole('button', { name: 'Remove the filter to' }).waitFor();
    await page.getByRole('group').filter({ hasText: 'hops' }).first().locator('summary').click();
    await shows(page, 'Show this request alone');
    await page.getByRole('button', { name: 'Show this request alone' }).first().click();
    await shows(page, 'The trace');
    await page.locator('.hops').getByText('gateway').first().waitFor();
    await page.locator('.hops').getByText('payments').first().waitFor();
    await page.context().close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
