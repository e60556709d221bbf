import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';
import { Shop } from '../support/shop.ts';

await describeWith(chromium, 'the console of the shop', () => {
  let shop: Shop;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    shop = await Shop.open({
      GRAYLANE_DEMO_TRAFFIC: 'on',
      GRAYLANE_DEMO_TELEMETRY: 'on',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_METRIC_EXPORT_TIMEOUT: '500',
    });
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
    // The URL has the trace that is open.
    await page.reload();
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
    const last = await dialog.getByText(/last after [\d,]+ ms/).textContent();
    await page.reload();
    expect(await dialog.getByText(/last after/).textContent()).toBe(last);
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

  test('breaks payments in gray at a button, and shows how the guard takes the release back', async () => {
    const measured = { service: 'payments', metric: 'rpc.server.call.duration' };
    const slis = [
      { name: 'payments latency', ...measured, kind: 'latency' },
      { name: 'payments errors', ...measured, kind: 'errors', bad: { 'error.type': '.+' } },
    ];
    const breaker = { 'payments errors': { badRatio: 0.1 } };
    const started = await fetch(`${shop.flagServer}/api/v1/environments/default/rollouts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        flag: 'lane',
        lane: 'gray',
        unit: 'request',
        sameCodeLooks: 0,
        steps: [{ weight: 40, minSeconds: 600 }],
        guard: { mode: 'act', lookSeconds: 1, minRequests: 20, slis, breaker },
      }),
    });
    expect(started.status).toBe(201);
    const { id } = (await started.json()) as { id: string };
    const page = await browser.open(`${shop.flagServer}/e/default/rollouts?start`);
    await shows(page, 'This is the demo shop.');
    expect(await page.getByLabel('Service').inputValue()).toBe('gateway');
    await page.goto(`${shop.flagServer}/e/default/rollouts/${id}`);
    const ending = new AbortController();
    const buyers = Array.from({ length: 6 }, (_, buyer) => buy(`buyer-${buyer}`, ending.signal));
    try {
      await page.getByRole('img', { name: /Evidence by look/ }).waitFor();
      await page.getByRole('button', { name: 'Break payments in gray' }).click();
      await shows(page, 'Payments fail for 30 % of gray.');
      await page.getByText('↩ rolled back').waitFor();
    } finally {
      ending.abort();
      await Promise.all(buyers);
    }
    await shows(page, 'ROLLED BACK.');
    await page
      .getByRole('region', { name: 'Acts' })
      .getByText(/payments errors: .*gray requests/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Repair payments' }).click();
    await page.getByRole('button', { name: 'Repair payments' }).waitFor({ state: 'detached' });
    expect((await shop.checkout({ 'x-user-id': 'buyer-0' })).lane).toBe('baseline');
    await page.context().close();
  });

  /** A client that buys again and again. */
  async function buy(user: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const response = await fetch(`${shop.gateway}/checkout`, { headers: { 'x-user-id': user } });
      await response.arrayBuffer();
    }
  }

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
