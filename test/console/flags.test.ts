import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';

const complex = {
  state: 'ENABLED',
  variants: { small: 1, large: 10 },
  defaultVariant: 'small',
  targeting: {
    if: [
      { some: [{ var: 'groups' }, { '==': [{ var: '' }, 'beta'] }] },
      'large',
      { '==': [{ var: 'lane' }, 'gray'] },
      { fractional: [['large', 10], ['small', 90]] }, // prettier-ignore
    ],
  },
  metadata: { owner: 'payments', ticket: 42 },
};

await describeWith(chromium, 'the flags of the console', () => {
  let served: Served;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    served = await serveFolder({ flags: { fees, complex }, $evaluators: { staff: { in: ['a', [1]] } } });
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  const flag = async (key: string): Promise<unknown> =>
    (await admin(served.url)('GET', `flags/${encodeURIComponent(key)}`)).body;
  const open = (path: string): Promise<Page> => browser.open(`${served.url}${path}`);

  test('a flag is created, targeted at a lane, previewed, saved, and undone', async () => {
    const page = await open('/e/default/flags');
    await page.getByRole('button', { name: 'New flag' }).click();
    await page.getByLabel('Name', { exact: true }).fill('new-receipts');
    await page.getByRole('button', { name: 'Open the draft' }).click();

    await page.getByRole('button', { name: 'Add a row' }).click();
    await page.getByLabel('Value, row 1, test 1').fill('gray');
    await page
      .getByLabel('Evaluation contexts')
      .fill('{"targetingKey":"ada","lane":"gray"}\n{"targetingKey":"bob","lane":"baseline"}');
    await shows(page, '1 × no flag → on');
    await shows(page, 'Row 1 holds');
    await page.getByLabel('Reason').fill('receipts for gray, 5 % of all; 试试');
    await page.getByRole('button', { name: 'Create the flag' }).click();
    await shows(page, 'Saved.');
    expect(await flag('new-receipts')).toMatchObject({
      variants: { on: true, off: false },
      targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
    });
    const evaluated = await fetch(`${served.url}/ofrep/v1/evaluate/flags/new-receipts`, {
      method: 'POST',
      body: JSON.stringify({ context: { lane: 'gray' } }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await evaluated.json()).toMatchObject({ value: true, variant: 'on' });

    await page.getByRole('link', { name: 'History' }).last().click();
    await shows(page, 'receipts for gray, 5 % of all; 试试');
    await page.getByRole('button', { name: 'Undo…' }).first().click();
    await shows(page, '2 pasted contexts change');
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
    await shows(page, /undoes \d/);
    expect(await flag('new-receipts')).toMatchObject({ status: 404 });
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await shows(page, 'chain verified');
    await page.context().close();
  });

  test('rows keep what they cannot show, and move by keyboard and mouse', async () => {
    const page = await open('/e/default/flags/complex');
    await shows(page, 'condition of row 1 is richer than rows');
    const [, first] = complex.targeting.if as unknown[];
    await page.getByLabel('Row 2 of 2').press('ArrowUp');
    await page.getByLabel('Value, row 1, test 1').fill('team-a');
    await page.getByLabel('Weight of large, Outcome of row 1').fill('25');
    await page.getByRole('button', { name: 'Add a row' }).click();
    await page.getByLabel('Row 3 of 3').dragTo(page.getByLabel('Row 1 of 3'));
    await page.getByLabel('Comparison, row 1, test 1').selectOption('in');
    await page.getByLabel('Value, row 1, test 1').fill('a, 7, "7", ');
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Saved.');
    expect(await flag('complex')).toEqual({
      ...complex,
      targeting: {
        if: [
          { in: [{ var: 'lane' }, ['a', 7, '7']] },
          'small',
          { '==': [{ var: 'lane' }, 'team-a'] },
          { fractional: [['large', 25], ['small', 90]] }, // prettier-ignore
          complex.targeting.if[0],
          first,
        ],
      },
    });
    await page.context().close();
  });

  test('JSON is the same draft, is checked at each key, and survives a reload', async () => {
    const page = await open('/e/default/flags/fees');
    await page.getByLabel('Description').fill('what we charge');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    const editor = page.getByLabel('Flag fees as JSON');
    await shows(page, '"what we charge"');
    await editor.press('Control+End');
    await editor.press('Backspace');
    await shows(page, 'the draft is not JSON');
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await editor.press('}');
    await page.getByText('the draft is not JSON').waitFor({ state: 'detached' });
    const text = JSON.stringify({ ...fees, defaultVariant: 'maybe' });
    await editor.press('Control+A');
    await page.keyboard.insertText(text);
    await shows(page, 'defaults to "maybe"');
    await page.reload();
    await shows(page, 'defaults to "maybe"');
    await page.getByRole('button', { name: 'Simple' }).click();
    await page.getByLabel('Default variant').selectOption('on');
    await page.getByText('defaults to "maybe"').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Discard' }).click();
    await shows(page, 'No unsaved change.');
    expect(await flag('fees')).toEqual(fees);
    await page.context().close();
  });

  test('two windows that change one flag: theirs, mine and both', async () => {
    await admin(served.url)('PUT', 'flags/shared', { body: fees, headers: { 'if-none-match': '*' } });
    const [mine, theirs] = [await open('/e/default/flags/shared'), await open('/e/default/flags/shared')];
    await mine.getByLabel('Description').fill('mine');
    await theirs.getByLabel('enabled').uncheck();
    await theirs.getByRole('button', { name: 'Save' }).click();
    await shows(theirs, 'Saved.');
    await shows(mine, 'has changed on the server since your draft began');
    await mine.getByRole('button', { name: 'Save' }).click();
    await mine.getByRole('region', { name: 'Theirs' }).getByText('"DISABLED"').waitFor();
    await mine.getByRole('region', { name: 'Mine' }).getByText('"mine"').waitFor();
    await mine.getByRole('button', { name: 'Take both' }).click();
    await mine.getByRole('button', { name: 'Save' }).click();
    await shows(mine, 'Saved.');
    expect(await flag('shared')).toEqual({ ...fees, state: 'DISABLED', metadata: { description: 'mine' } });
    await shows(theirs, 'flag is disabled');
    await expect.poll(() => theirs.getByLabel('Description').inputValue()).toBe('mine');
    await mine.context().close();
    await theirs.context().close();
  });

  test('two revisions are compared, and a flag is removed and brought back', async () => {
    const page = await open('/e/default/flags/fees');
    await page.getByRole('button', { name: 'Remove the flag…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('heading', { name: 'Flags' }).waitFor();
    expect(await flag('fees')).toMatchObject({ status: 404 });
    await page.goto(`${served.url}/e/default/flags/fees`);
    await page.getByRole('link', { name: 'Its history' }).click();
    await page.getByRole('button', { name: 'Undo…' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
    await shows(page, /undoes \d/);
    expect(await flag('fees')).toEqual(fees);

    await page.getByRole('button', { name: 'Show all flags' }).click();
    await page
      .getByRole('button', { name: /difference/ })
      .nth(1)
      .click();
    await page.reload();
    await page.getByRole('button', { name: /difference/, expanded: true }).waitFor();
    await page.getByRole('button', { name: 'Compare' }).nth(2).click();
    await page.getByRole('button', { name: 'with this one' }).first().click();
    await page.getByRole('region', { name: 'Comparison' }).getByText('No difference.').waitFor();
    await page.context().close();
  });

  test('recent contexts: who would change by a draft, and by its undo', async () => {
    const recording = await serveFolder({ flags: { fees } }, { recordAttributes: ['tenant'] });
    const evaluations = ['internal', 'acme', 'acme'].map((tenant) =>
      fetch(`${recording.url}/ofrep/v1/evaluate/flags/fees`, {
        method: 'POST',
        body: JSON.stringify({ context: { targetingKey: 'ada', tenant } }),
        headers: { 'content-type': 'application/json' },
      }),
    );
    for (const response of await Promise.all(evaluations)) expect(response.status).toBe(200);
    const page = await browser.open(`${recording.url}/e/default/flags/fees`);
    const contexts = page.getByRole('list', { name: 'Contexts' }).getByRole('listitem');
    await page.getByRole('button', { name: 'recent' }).click();
    await expect.poll(() => contexts.allTextContents()).toEqual(['tenant acmeoff', 'tenant internaloff']);
    await page.getByRole('button', { name: 'Add a row' }).click();
    await page.getByLabel('Attribute, row 1, test 1').fill('tenant');
    await page.getByLabel('Value, row 1, test 1').fill('internal');
    await shows(page, '1 × off → on');
    await expect.poll(() => contexts.first().textContent()).toBe('tenant internaloff → on');
    await contexts.last().getByRole('button').click();
    await page.reload();
    await shows(page, '1 × off → on');
    await contexts.last().getByRole('button', { pressed: true }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Saved.');

    await page.goto(`${recording.url}/e/default/history`);
    await page.getByRole('button', { name: 'Undo…' }).first().click();
    const preview = page.getByRole('dialog').getByRole('status');
    await preview.getByText('1 recent context changes of 2: fees.').waitFor();
    await preview.getByText('0 pasted contexts change of 2.').waitFor();
    await page.context().close();
    await recording.close();
  });

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
