import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer } from '@graylane/server';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { tokenIn } from '../../apps/server/test/support/with-tokens.ts';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';

const many = Object.fromEntries(
  Array.from({ length: 10_000 }, (_, index) => [`flag-${index}`, { ...fees, metadata: { area: index % 7 } }]),
);

await describeWith(chromium, 'the console', () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-console-`);
  const tokens = `${folder}/tokens.json`;
  const held = { write: '', definitions: '', evaluate: '', admin: '' };
  let guarded: Served;
  let open: Served;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    for (const scope of Object.keys(held) as (keyof typeof held)[]) {
      held[scope] = await tokenIn(tokens, { name: scope, scope });
    }
    [guarded, open] = [
      await serveFolder({ flags: { fees } }, { tokens }),
      await serveFolder({ flags: many }),
    ];
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([guarded?.close(), open?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const signIn = async (page: Page, token: string): Promise<void> => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  test('signs in by token, keeps the place and the draft, and names a refusal', async () => {
    const page = await browser.open(`${guarded.url}/e/default/flags/fees?as=json`);
    await signIn(page, 'gl_wrong');
    await shows(page, /token/i);
    await signIn(page, held.definitions);
    await page.getByRole('button', { name: 'Simple' }).click();
    await page.getByRole('textbox', { name: 'Description' }).fill('a draft');
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'this requires write');
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, held.write);
    await expect.poll(() => page.getByRole('textbox', { name: 'Description' }).inputValue()).toBe('a draft');
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Saved.');
    await page.goto(`${guarded.url}/tokens`);
    await shows(page, 'Not allowed.');
    await page.context().close();
  });

  test('an administrator creates, rotates and revokes tokens', async () => {
    const page = await browser.open(`${guarded.url}/tokens`);
    await signIn(page, held.admin);
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('orders');
    await page.getByLabel('Scope').selectOption('evaluate');
    await page.getByLabel('Expires').fill('30');
    await page.getByRole('button', { name: 'Create' }).click();
    const secret = await page.getByText(/^gl_/).textContent();
    const evaluate = (token: string): Promise<Response> =>
      fetch(`${guarded.url}/ofrep/v1/evaluate/flags/fees`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"context":{}}',
      });
    expect((await evaluate(secret ?? '')).status).toBe(200);
    await page.getByRole('button', { name: 'Revoke orders' }).click();
    await page.getByLabel('Type orders to confirm').fill('orders');
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke orders' }).waitFor({ state: 'detached' });
    expect((await evaluate(secret ?? '')).status).toBe(401);
    await page.context().close();
  });

  test('10,000 flags are filtered while typing, and reached by keyboard alone', async () => {
    const page = await browser.open(`${open.url}/e/default/lanes`);
    await page.getByRole('link', { name: 'Flags', exact: true }).waitFor();
    await page.keyboard.press('/');
    await shows(page, '10,000 flags');
    await page.keyboard.type('flag-777');
    await shows(page, '11 of 10,000 flags');
    expect(new URL(page.url()).searchParams.get('q')).toBe('flag-777');
    expect(await page.locator('.virtual li').count()).toBe(11);
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'flag-7770' }).waitFor();
    await page.goBack();
    await shows(page, '11 of 10,000 flags');
    await page.getByRole('searchbox').fill('');
    await shows(page, '10,000 flags');
    expect(await page.locator('.virtual li').count()).toBeLessThan(60);
    await page.locator('h1').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { name: 'History' }).waitFor();
    await page.context().close();
  });

  test('environments are created, copied, switched and removed', async () => {
    const page = await browser.open(`${open.url}/environments`);
    await page.getByRole('button', { name: 'New environment' }).click();
    await page.getByLabel('Name').fill('staging');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('link', { name: 'staging' }).click();
    await shows(page, 'This environment has no flags');
    await page.getByLabel('Environment').selectOption('default');
    await shows(page, '10,000 flags');
    await page.goto(`${open.url}/environments`);
    await page.getByRole('button', { name: 'Remove staging' }).click();
    await page.getByLabel('Type staging to confirm').fill('staging');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('link', { name: 'staging' }).waitFor({ state: 'detached' });
    await page.goto(`${open.url}/audit`);
    await page.getByRole('searchbox').fill('as it was found');
    await shows(page, 'the flags file as it was found');
    const body = { defaultVariant: 'nothing' };
    const refused = await admin(open.url)('PATCH', 'flags/flag-00001', {
      body,
      headers: { 'if-match': '*' },
    });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    await page.getByRole('searchbox').fill('127.0.0.1');
    await page.getByLabel('refused alone').check();
    const row = page.getByRole('region', { name: 'Requests' }).getByRole('row', { name: /PATCH/ });
    await row.getByText('/api/v1/environments/default/flags/{flag}').waitFor();
    const at = new Date().toISOString();
    const refusals = {
      kind: 'refusals',
      at,
      until: at,
      protocol: 'grpc',
      code: 'unauthenticated',
      count: 12,
    };
    const reported = await admin(open.url)('POST', 'audit', {
      body: { relay: 'edge-1', records: [refusals] },
    });
    expect(reported.status).toBe(204);
    await page.reload();
    await page.getByRole('searchbox').fill('edge-1');
    await shows(page, 'refused 12 requests (grpc, unauthenticated)');
    await page.getByRole('searchbox').fill('127.0.0.1');
    expect(await page.getByLabel('refused alone').isChecked()).toBe(true);
    await row.getByText(/refused 4\d\d/).waitFor();
    await page.context().close();
  });

  test('a page is stale while its server restarts, and recovers with what changed meanwhile', async () => {
    const data = `${folder}/data`;
    const settings = { source: { data }, grpcPort: 0, managementPort: 0 };
    const log = { info: () => undefined, warn: () => undefined };
    const first = await createServer({ ...settings, port: 0 }, log);
    const url = `http://127.0.0.1:${first.port}`;
    const create = { body: fees, headers: { 'if-none-match': '*' } };
    await admin(url)('PUT', 'flags/before', create);
    const page = await browser.open(`${url}/e/default/flags`);
    await shows(page, '1 flag');
    await first.close();
    await shows(page, /Stale since/);
    await page.getByRole('link', { name: 'before' }).waitFor();
    const second = await createServer({ ...settings, port: first.port }, log);
    await admin(url)('PUT', 'flags/after', create);
    await shows(page, '2 flags');
    await page.getByText(/Stale since/).waitFor({ state: 'detached' });
    await page.context().close();
    await second.close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
