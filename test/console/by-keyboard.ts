import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';

/** Functions that run in the page: `markStop`, `isInEditor`, `faultOfFocus`, `faultOfReturn`. */
const inPage = readFileSync(new URL('./focus.js', import.meta.url), 'utf8');

interface Stop {
  readonly isDialogOpener: boolean;
  /** The controls that were not visited yet. */
  readonly left: readonly string[];
}

/** A person without a mouse: every control is reached by Tab, and its focus must be seen. */
export class ByKeyboard {
  readonly page: Page;
  /** Focus that can't be seen or is lost, and controls that Tab does not reach. */
  readonly faults = new Set<string>();

  constructor(page: Page) {
    this.page = page;
  }

  /** Moves the focus to a control. */
  async to(role: Role, name: string | RegExp): Promise<void> {
    await this.reach(this.page.getByRole(role, { name, exact: typeof name === 'string' }).first());
  }

  /** Moves the focus to a control by Tab. */
  async reach(target: Locator): Promise<void> {
    await target.waitFor();
    for (let stops = 0; stops < 300; stops += 1) {
      if ((await target.and(this.page.locator(':focus')).count()) > 0) return;
      await this.tab();
    }
    throw new Error(`Tab does not reach ${String(target)}`);
  }

  /** Activates a button or a link. */
  async press(role: Role, name: string | RegExp): Promise<void> {
    await this.to(role, name);
    await this.page.keyboard.press('Enter');
  }

  /** Replaces the text of a field. */
  async type(name: string, text: string): Promise<void> {
    await this.reach(this.page.getByLabel(name, { exact: true }).first());
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.type(text);
  }

  /** Chooses the option of a list that begins with these letters. */
  async choose(name: string | RegExp, letters: string): Promise<void> {
    await this.to('combobox', name);
    await this.page.keyboard.type(letters);
  }

  /**
   * Goes through all controls of the page, or of its open dialog, by Tab. Opens each dialog that a
   * button has, and comes back from it.
   */
  async walk(): Promise<void> {
    await this.page.evaluate('document.activeElement.blur()');
    const left: string[] = [];
    for (let stops = 0; stops < 300; stops += 1) {
      await this.tab();
      const stop = await this.run<Stop>('markStop()');
      if (stop.isDialogOpener) await this.visitDialog();
      left.splice(0, left.length, ...stop.left);
      if (left.length === 0) return;
    }
    for (const name of left) this.faults.add(`${this.page.url()}: Tab does not reach ${name}`);
  }

  private async visitDialog(): Promise<void> {
    await this.page.keyboard.press('Enter');
    const dialog = this.page.getByRole('dialog');
    await dialog.waitFor();
    await this.walkDialog();
    await this.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const lost = await this.run<string | undefined>('faultOfReturn()');
    if (lost !== undefined) this.faults.add(`${this.page.url()}: ${lost}`);
  }

  private async walkDialog(): Promise<void> {
    for (let stops = 0; stops < 60; stops += 1) {
      const { left } = await this.run<Stop>('markStop()');
      if (left.length === 0) return;
      await this.tab();
    }
    throw new Error(`Tab does not reach all controls of a dialog of ${this.page.url()}`);
  }

  private run<T>(call: string): Promise<T> {
    return this.page.evaluate<T>(`${inPage}; ${call}`);
  }

  /** Presses Tab, and checks that the focus can be seen. */
  private async tab(): Promise<void> {
    // The JSON editor indents by Tab, until Escape is pressed.
    if (await this.run<boolean>('isInEditor()')) await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('Tab');
    const fault = await this.run<string | undefined>('faultOfFocus()');
    if (fault !== undefined) this.faults.add(`${this.page.url()}: ${fault}`);
  }
}

type Role = 'button' | 'link' | 'textbox' | 'combobox' | 'checkbox' | 'searchbox' | 'spinbutton' | 'switch';
