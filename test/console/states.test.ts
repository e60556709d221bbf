import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serve, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { tokenIn } from '../../apps/server/test/support/with-tokens.ts';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';

const names = Array.from({ length: 49 }, (_, index) => `team-${index}`);

await describeWith(chromium, 'states of the console', () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-states-`);
  const tokens = `${folder}/tokens.json`;
  let large: Served;
  let readOnly: Served;
  let guarded: Served;
  let browser: ConsoleBrowser;
  let token: string;

  beforeAll(async () => {
    token = await tokenIn(tokens, { name: 'wang', scope: 'write', expiresInDays: 30 });
    large = await serveFolder({ flags: { fees } });
    readOnly = await serve({ flags: { fees } }, { readOnly: true });
    guarded = await serveFolder({ flags: { fees } }, { tokens });
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([large?.close(), readOnly?.close(), guarded?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const description = (page: Page) => page.getByRole('textbox', { name: 'Description' });

  test('1,000 revisions: the newest first, the oldest within reach, any two compared', async () => {
    const write = admin(large.url);
    for (let index = 1; index <= 1000; index += 1) {
      const body = { ...fees, metadata: { index } };
      const headers = { 'if-match': '*', 'graylane-reason': `change ${index}` };
      expect((await write('PUT', 'flags/fees', { body, headers })).status).toBe(200);
    }
    const page = await browser.open(`${large.url}/e/default/history`);
    const rows = page.locator('.revisions > li');
    await page.getByText('change 1000', { exact: true }).waitFor();
    for (let shown = await rows.count(); shown < 1000; shown = await rows.count()) {
      await page.getByRole('button', { name: 'Show older revisions' }).click();
      await expect.poll(() => rows.count()).toBeGreaterThan(shown);
    }
    await page.getByText('change 1', { exact: true }).waitFor();
    // A new revision comes in at the top, and the old ones stay.
    await write('PUT', 'flags/fees', {
      body: fees,
      headers: { 'if-match': '*', 'graylane-reason': 'the newest' },
    });
    await page.getByText('the newest', { exact: true }).waitFor();
    expect(await rows.count()).toBeGreaterThan(1000);
    await rows.first().getByRole('button', { name: 'Compare' }).click();
    await rows.last().getByRole('button', { name: 'with this one' }).click();
    await page.getByRole('region', { name: 'Comparison' }).waitFor();
    await page.context().close();
  });

  test('50 environments: filtered, and chosen from the bar', async () => {
    for (const name of names) {
      const created = await admin(large.url)('PUT', `/environments/${name}`, {
        body: { flags: { fees } },
        headers: { 'if-none-match': '*' },
      });
      expect(created.status).toBe(201);
    }
    const page = await browser.open(`${large.url}/environments`);
    await shows(page, '50 environments');
    await page.getByRole('searchbox', { name: 'Filter environments' }).fill('team-48');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
    await page.reload();
    await page.getByRole('link', { name: 'team-48' }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await page.getByLabel('Environment', { exact: true }).locator('option').count()).toBe(50);
    await page.getByLabel('Environment', { exact: true }).selectOption('team-31');
    await page.waitForURL(/\/e\/team-31\//);
    await page.context().close();
  });

  test('a faulty document: the page names it, shows the last good rules, and keeps the draft', async () => {
    const page = await browser.open(`${guarded.url}/e/default/flags/fees`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await description(page).fill('kept');
    await page.getByLabel('Reason').fill('the reason, too');
    const good = guarded.read();
    guarded.edit('{ "flags": ');
    await shows(page, 'needs attention');
    await page.reload();
    await shows(page, /needs attention\..*flags\.json: \$: /);
    await expect.poll(() => description(page).inputValue()).toBe('kept');
    expect(await page.getByLabel('Reason').inputValue()).toBe('the reason, too');
    guarded.edit(good);
    await page.getByText('needs attention').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Saved.');
    await page.context().close();
  });

  test('a read-only server: the page marks it, names the refusal, and keeps the draft', async () => {
    const page = await browser.open(`${readOnly.url}/e/default/flags/fees`);
    await shows(page, 'is read only here');
    await description(page).fill('a draft');
    await page.getByRole('button', { name: 'Save' }).click();
    await page
      .getByRole('alert')
      .getByText(/read.only/i)
      .first()
      .waitFor();
    await page.reload();
    await expect.poll(() => description(page).inputValue()).toBe('a draft');
    await page.context().close();
  });

  test('an expired token: the page asks for another one, and keeps place and draft', async () => {
    const page = await browser.open(`${guarded.url}/e/default/flags/fees`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await description(page).fill('typed before the expiry');
    const other = await tokenIn(tokens, { name: 'chen', scope: 'write' });
    const held = JSON.parse(await readFile(tokens, 'utf8')) as { tokens: Record<string, unknown>[] };
    const expired = held.tokens.map((record) =>
      record['name'] === 'wang' ? { ...record, expiresAt: new Date(0).toISOString() } : record,
    );
    await writeFile(tokens, JSON.stringify({ tokens: expired }));
    await page.getByRole('heading', { name: 'Sign in to graylane' }).waitFor();
    await page.getByLabel('Token').fill(other);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => description(page).inputValue()).toBe('typed before the expiry');
    expect(new URL(page.url()).pathname).toBe('/e/default/flags/fees');
    await page.context().close();
  });

  test('text in dialogs and forms: survives a reload, and ends when the dialog closes', async () => {
    const root = await tokenIn(tokens, { name: 'root', scope: 'admin' });
    const page = await browser.open(`${guarded.url}/tokens`);
    await page.getByLabel('Token').fill(root);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const dialog = page.getByRole('dialog');
    const e = '/e/default';
    const button = (name: string | RegExp) => () => page.getByRole('button', { name }).first().click();
    const forms: [path: string, open: () => Promise<void>, texts: Record<string, string>][] = [
      ['/tokens', button('New token'), { Name: 'ci', 'Expires in days': '30' }],
      ['/tokens', button('Revoke wang'), { 'Type wang to confirm': 'wan' }],
      ['/environments', button('New environment'), { Name: 'staging' }],
      [`${e}/flags`, button('New flag'), { Name: 'new-fees', Description: 'the fees' }],
      [`${e}/flags/fees`, button('Remove the flag…'), { Reason: 'unused' }],
      [`${e}/flags/fees`, button('Kill…'), { 'Type fees to confirm': 'fee', Reason: 'it fails' }],
      [`${e}/lanes`, () => page.keyboard.press('k'), { Lane: 'gray', Reason: 'payments fail' }],
      [`${e}/history`, button('Undo…'), { Reason: 'too early' }],
    ];
    for (const [path, open, texts] of forms) {
      await page.goto(`${guarded.url}${path}`);
      await page.locator('main').getByRole('heading', { level: 1 }).waitFor();
      await open();
      for (const [label, text] of Object.entries(texts))
        await dialog.getByLabel(label, { exact: true }).fill(text);
      await page.reload();
      for (const [label, text] of Object.entries(texts)) {
        await expect.poll(() => dialog.getByLabel(label, { exact: true }).inputValue()).toBe(text);
      }
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await dialog.waitFor({ state: 'detached' });
      await open();
      for (const label of Object.keys(texts)) {
        expect(await dialog.getByLabel(label, { exact: true }).inputValue()).toBe('');
      }
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await expect.poll(() => new URL(page.url()).search).toBe('');
    }
    await page.goto(`${guarded.url}${e}/rollouts?start`);
    await page.getByLabel('Reason').fill('fees v2');
    await page.reload();
    await expect.poll(() => page.getByLabel('Reason').inputValue()).toBe('fees v2');
    await page.context().close();
  });

  test('a slow network: each screen states that it waits, and is never blank', async () => {
    const context = await browser.context();
    let isHolding = true;
    const held: Route[] = [];
    const letGo = (route: Route): Promise<void> => route.continue().catch(() => undefined);
    await context.route('**/api/**', (route) => (isHolding ? void held.push(route) : letGo(route)));
    const paths = ['lanes', 'flags', 'flags/fees', 'history', 'rollouts', 'map', 'clients'];
    for (const url of [...paths.map((path) => `/e/default/${path}`), '/environments', '/audit']) {
      isHolding = true;
      const page = await browser.openIn(context, `${large.url}${url}`);
      const loading = page.locator('main').getByRole('status', { name: 'Loading' });
      await loading.first().waitFor();
      if (url === '/e/default/lanes') await shows(page, 'takes longer than usual');
      isHolding = false;
      await Promise.all(held.splice(0).map(letGo));
      await expect.poll(() => loading.count()).toBe(0);
      await page.locator('main').getByRole('heading', { level: 1 }).waitFor();
      await page.close();
    }
    await context.close();
  });

  test('a page whose script is on its way is not blank', async () => {
    const context = await browser.context();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await context.route('**/*.js', async (route) => {
      await released;
      await route.continue();
    });
    const page = await context.newPage();
    await page.goto(`${large.url}/e/default/flags`, { waitUntil: 'commit' });
    await shows(page, 'The console is being loaded');
    release();
    await shows(page, '1 flag');
    expect(await page.getByText('The console is being loaded').count()).toBe(0);
    await context.close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
