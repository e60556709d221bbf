import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dyeRule, request } from '../../apps/server/test/rollouts/rollout-requests.ts';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';
import { ReportingService } from '../support/otlp-durations.ts';

await describeWith(chromium, 'the rollouts of the console', () => {
  let served: Served;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    served = await serveFolder({ flags: { lane: dyeRule, fees } });
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  const open = (path: string): Promise<Page> => browser.open(`${served.url}${path}`);

  test('a rollout is started by the form, paused, resumed, promoted and rolled back', async () => {
    const page = await open('/e/default/rollouts');
    await page.getByRole('link', { name: 'Start the first one' }).click();
    await page.getByLabel('Service').fill('payments');
    await page.getByLabel('Shares in percent').fill('5, 50, 100');
    await page.getByLabel('A/A looks').fill('0');
    await page.reload();
    await expect.poll(() => page.getByLabel('Service').inputValue()).toBe('payments');
    await page.getByLabel('Reason').fill('fees v2');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('heading', { name: 'gray by lane' }).waitFor();
    for (const [action, state] of [
      ['Pause', '❚❚ paused'],
      ['Resume', '● running, holds'],
      ['Promote one step', 'promote to 50 %'],
      ['Roll back', '↩ rolled back'],
      ['Finish', 'finish to 0 %'],
    ] as const) {
      await page.getByRole('button', { name: action }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill(`by hand: ${action}`);
      await page.getByRole('dialog').getByRole('button', { name: action }).click();
      await shows(page, state);
    }
    const { body } = await admin(served.url)('GET', 'history');
    expect(body['revisions']).toEqual(
      expect.arrayContaining([expect.objectContaining({ reason: 'rollback: by hand: Roll back' })]),
    );
    await page.context().close();
  });

  test('a release with a defect is rolled back on screen, and the page is its report', async () => {
    const { guard } = request;
    const errors = { ...guard.slis[0], name: 'payments errors', kind: 'errors' };
    const slis = [...guard.slis, { ...errors, bad: { 'http.response.status_code': '5..' } }];
    const breaker = { 'payments errors': { badRatio: 0.3 } };
    const { body } = await admin(served.url)('POST', 'rollouts', {
      body: { ...request, guard: { slis, breaker, mode: 'act', lookSeconds: 1, minRequests: 20 } },
    });
    const page = await open(`/e/default/rollouts/${String(body['id'])}`);
    const payments = new ReportingService(served.url, 'payments');
    const control = { lane: 'gray-control', requests: 60, median: 0.05 };
    await expect
      .poll(async () => {
        await payments.report([{ lane: 'gray', requests: 60, median: 0.05 }, control]);
        return page.getByRole('img', { name: /Evidence by look/ }).isVisible();
      })
      .toBe(true);
    await expect
      .poll(async () => {
        await payments.report([{ lane: 'gray', requests: 60, median: 0.05, failing: 0.8 }, control]);
        return page.getByText('↩ rolled back').isVisible();
      })
      .toBe(true);
    await shows(page, 'ROLLED BACK.');
    await shows(page, 'carries the difference');
    const distributions = page.getByRole('img', { name: /Share of requests by duration/ });
    await distributions.getByText(/KS distance \d\.\d{3} to \d\.\d{3}/).waitFor({ state: 'attached' });
    await shows(page, 'rollback to 0 %');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.context().close();

    const history = await open('/e/default/history');
    const newest = history.getByRole('listitem').filter({ hasText: 'rollback' }).first();
    await newest.getByRole('button', { name: /difference/ }).click();
    const sides = newest.getByRole('region', { name: 'Requests before and after' });
    const before = sides.getByRole('row').filter({ hasText: /^gray\s*before/ });
    await expect.poll(() => before.textContent()).toMatch(/\d\s%.*\(.*–.*%\).*ms/);
    await history.context().close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
