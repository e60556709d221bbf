import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../components/tools/chromium.ts';
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

  test('k kills a lane: names the traffic, requires the name, counts the clients, and lifts it', async () => {
    const internal = { 'x-user-id': 'ada', 'x-tenant-id': 'internal' };
    expect((await shop.checkout(internal)).lane).toBe('gray');
    const page = await browser.open(`${shop.flagServer}/e/default/history`);
    await page.getByRole('heading', { name: 'History' }).waitFor();
    await page.keyboard.press('k');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/It touches .* requests in the last/).waitFor();
    const kill = dialog.getByRole('button', { name: 'Kill gray' });
    expect(await kill.isDisabled()).toBe(true);
    await dialog.getByLabel('Type gray to confirm').fill('gray');
    await dialog.getByLabel('Reason').fill('payments are failing');
    await kill.click();
    await dialog.getByText('3 of 3 clients').waitFor();
    await dialog.getByText(/last after \d+ ms/).waitFor();
    expect((await shop.checkout(internal)).lane).toBe('baseline');
    await dialog.getByRole('button', { name: 'Close' }).click();

    await page.goto(`${shop.flagServer}/e/default/lanes`);
    await page.getByText('killed', { exact: true }).waitFor();
    await page.goto(`${shop.flagServer}/e/default/clients`);
    await shows(page, /3 of 3 clients have revision/);
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Lift the kill of gray' }).click();
    await page.getByRole('button', { name: 'Lift the kill of gray' }).waitFor({ state: 'detached' });
    await expect.poll(async () => (await shop.checkout(internal)).lane).toBe('gray');
    await page.context().close();
  });

  test('breaks payments in gray at a button, while a rollout runs', async () => {
    const flags = `${shop.flagServer}/api/v1/environments/default`;
    const payments = { service: 'payments', metric: 'rpc.server.call.duration', kind: 'latency' };
    const started = await fetch(`${flags}/rollouts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        flag: 'lane',
        lane: 'gray',
        unit: 'user',
        sameCodeLooks: 0,
        steps: [{ weight: 10 }],
        guard: { mode: 'report', slis: [{ name: 'payments latency', ...payments }] },
      }),
    });
    const { id } = (await started.json()) as { id: string };
    const page = await browser.open(`${shop.flagServer}/e/default/rollouts/${id}`);
    await page.getByRole('button', { name: 'Break payments in gray' }).click();
    await shows(page, 'Payments fail for 30 % of gray.');
    const broken = (await (await fetch(`${flags}/flags/payments-defect`)).json()) as { targeting: object };
    expect(broken.targeting).toEqual({ if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'failing'] });
    await page.getByRole('button', { name: 'Repair payments' }).click();
    await page.getByRole('button', { name: 'Break payments in gray' }).waitFor();
    await page.context().close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
