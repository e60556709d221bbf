import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';
import { ByKeyboard } from './by-keyboard.ts';
import { Showcase } from './showcase.ts';

/** A limit of time for a test that walks through all of them. */
const manyScreens = 600_000;

await describeWith(chromium, 'the console by keyboard alone', () => {
  let showcase: Showcase;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    showcase = await Showcase.start();
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await showcase?.close();
  });

  test(
    'each control of each screen is reached, with its focus in view, and dialogs give it back',
    async () => {
      const page = await browser.open('about:blank');
      await showcase.signIn(page.context());
      const keyboard = new ByKeyboard(page);
      for (const screen of showcase.screens) {
        await showcase.show(page, screen);
        await keyboard.walk();
      }
      expect([...keyboard.faults]).toEqual([]);
      await page.context().close();
    },
    manyScreens,
  );

  test(
    'each action of each screen works',
    async () => {
      const { served, token } = showcase;
      const page = await browser.open(`${served.url}/e/production/lanes`);
      const keyboard = new ByKeyboard(page);
      const key = (name: string): Promise<void> => page.keyboard.press(name);
      const go = async (letter: string, heading: string): Promise<void> => {
        // A key of the whole console is not meant while a field has the focus.
        await page.evaluate('document.activeElement.blur()');
        await key('g');
        await key(letter);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      };
      const gone = (text: string | RegExp): Promise<void> =>
        page.getByText(text).first().waitFor({ state: 'detached' });

      await keyboard.type('Token', token);
      await key('Enter');

      await keyboard.press('button', 'Pause…');
      await keyboard.type('Reason', 'lunch');
      await keyboard.press('button', 'Pause');
      await shows(page, /step 1 of 3, paused|A\/A, paused/);
      await keyboard.press('link', 'Who?');
      await page.getByRole('heading', { level: 1, name: 'lane' }).waitFor();

      await key('k');
      await keyboard.type('Type gray to confirm', 'gray');
      await keyboard.type('Reason', 'payments fail');
      await key('Enter');
      await shows(page, 'gray is killed');
      await keyboard.press('button', 'Close');
      await key('k');
      await keyboard.press('button', 'Lift the kill of gray');
      await gone('Killed now');
      await key('Escape');

      await go('f', 'Flags');
      await keyboard.press('button', 'New flag');
      await keyboard.type('Name', 'by-keyboard');
      await keyboard.choose('Type', 'string');
      await keyboard.press('button', 'Open the draft');
      await keyboard.press('button', 'Add a row');
      await keyboard.press('button', 'Add a row');
      await keyboard.to('button', 'Row 2 of 2. Arrow keys move it');
      await key('ArrowUp');
      await keyboard.press('button', 'Remove row 2');
      await keyboard.press('button', '+ and');
      await keyboard.press('button', 'Remove test 2 of row 1');
      await keyboard.choose('Comparison, row 1, test 1', 'is one of');
      await keyboard.type('Value, row 1, test 1', 'gray, team-a');
      await keyboard.choose('Outcome of row 1', 'by p');
      await keyboard.type('Bucket key, Outcome of row 1', 'tenant');
      await keyboard.press('button', 'Add a variant');
      await keyboard.press('button', /^Remove variant/);
      await keyboard.type(
        'Evaluation contexts, one a line or an array',
        '{"targetingKey":"ada","lane":"gray"}',
      );
      await keyboard.press('button', 'recent');
      await keyboard.press('button', 'pasted');
      await keyboard.press('button', /^ada, lane gray/);
      await keyboard.type('Description', 'made without a mouse');
      await page.evaluate('document.activeElement.blur()');
      await key('j');
      await keyboard.to('textbox', 'Flag by-keyboard as JSON');
      await keyboard.press('button', 'Simple');
      await keyboard.to('checkbox', 'enabled');
      await key('Space');
      await keyboard.type('Reason', 'without a mouse');
      await keyboard.press('button', 'Create the flag');
      await shows(page, 'Saved.');
      await keyboard.press('button', 'Remove the flag…');
      await keyboard.press('button', 'Remove');
      await page.getByRole('heading', { level: 1, name: 'Flags' }).waitFor();

      await go('h', 'History');
      await keyboard.press('button', /difference/);
      await shows(page, /minutes before and after/);
      await keyboard.press('button', 'Compare');
      await keyboard.press('button', 'with this one');
      await page.getByRole('region', { name: 'Comparison' }).waitFor();
      await keyboard.press('button', 'Close');
      await keyboard.press('button', 'Verify the chain');
      await shows(page, 'chain verified');
      await keyboard.press('button', 'Undo…');
      await keyboard.press('button', 'Undo');
      await shows(page, /undoes \d/);

      await go('r', 'Rollouts');
      await keyboard.press('link', 'gray by lane');
      for (const [action, state] of [
        ['Resume', '● running, holds'],
        ['Promote one step', /promote to \d+ %/],
        ['Roll back', '↩ rolled back'],
        ['Finish', 'finish to 0 %'],
      ] as const) {
        await keyboard.press('button', action);
        const dialog = page.getByRole('dialog');
        await dialog.waitFor();
        await keyboard.type('Reason', 'by keyboard');
        await key('Enter');
        await dialog.waitFor({ state: 'detached' });
        await shows(page, state);
      }
      const downloaded = page.waitForEvent('download');
      await keyboard.press('button', 'Save the report');
      await downloaded;
      await go('r', 'Rollouts');
      await keyboard.press('link', 'Start a rollout');
      await keyboard.type('Service', 'payments');
      await keyboard.type('Reason', 'by keyboard');
      await keyboard.press('button', 'Start');
      await page.getByRole('heading', { level: 1, name: 'gray by lane' }).waitFor();

      await go('m', 'Map');
      await keyboard.press('button', 'gateway → orders');
      await keyboard.press('button', 'Remove the filter to');
      await keyboard.reach(page.locator('summary').first());
      await key('Enter');
      await keyboard.press('button', 'Show this request alone');
      await shows(page, 'The trace');
      await keyboard.press('button', 'Remove the filter trace');

      await keyboard.press('button', 'More');
      await keyboard.press('link', 'Environments');
      await keyboard.press('button', 'New environment');
      await keyboard.type('Name', 'team-k');
      await key('Enter');
      await keyboard.press('button', 'Remove team-k');
      await keyboard.type('Type team-k to confirm', 'team-k');
      await key('Enter');
      await gone('team-k');

      await keyboard.press('button', 'More');
      await keyboard.press('link', 'Tokens');
      await keyboard.press('button', 'New token');
      await keyboard.type('Name', 'keys');
      await key('Enter');
      await keyboard.press('button', 'I have it');
      await keyboard.press('button', 'Rotate keys');
      await keyboard.press('button', 'Rotate');
      await keyboard.press('button', 'I have it');
      await keyboard.press('button', 'Revoke keys');
      await keyboard.type('Type keys to confirm', 'keys');
      await key('Enter');
      await page.getByRole('button', { name: 'Revoke keys' }).waitFor({ state: 'detached' });

      await keyboard.press('button', 'More');
      await keyboard.press('link', 'Audit');
      await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
      await key('/');
      await page.keyboard.type('Shenzhen');
      await shows(page, 'only Shenzhen and Beijing are certified');
      await keyboard.to('checkbox', 'refused alone');
      await key('Space');
      const exported = page.waitForEvent('download');
      await keyboard.press('button', 'Export as JSON');
      await exported;

      await go('l', 'Who is gray now');
      await keyboard.choose('Environment', 'staging');
      await page.waitForURL(/\/e\/staging\//);
      await keyboard.press('button', 'More');
      await keyboard.press('button', 'Keyboard ?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await key('Enter');
      await keyboard.press('button', 'More');
      await keyboard.press('button', /^Sign out/);
      await page.getByRole('heading', { name: 'Sign in to graylane' }).waitFor();
      expect([...keyboard.faults]).toEqual([]);
      await page.context().close();
    },
    manyScreens,
  );

  test('no script failed, and the policy refused nothing', () => {
    expect(browser.faults).toEqual([]);
  });
});
