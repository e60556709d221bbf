import type { Page } from 'playwright-core';

/** The keys of a search. */
export interface Keystrokes {
  /** From each key to the end of the work that it causes. */
  readonly ms: readonly number[];
  /** The content of the field when the typing was over. */
  readonly content: string;
}

/**
 * Types a search into the flag list, key by key, and measures each in the page: filtering, drawing
 * and layout. The list is whole again afterwards.
 */
export async function typeSearch(page: Page, search: string): Promise<Keystrokes> {
  const field = page.getByRole('searchbox');
  await field.fill('');
  await page.evaluate(measure);
  for (const key of search) {
    await page.keyboard.press(key);
    // No typist is faster than a frame: a key must not wait for the picture of the one before.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
  }
  const content = await field.inputValue();
  const ms = await page.evaluate<number[]>('keystrokes');
  await field.fill('');
  return { ms, content };
}

/**
 * Runs in the page. Preact draws in a microtask of the event, so a task of its own comes after it;
 * to read a height then is to lay the page out.
 */
const measure = `
  window.keystrokes = [];
  window.isMeasured ??= (() => {
    let began = 0;
    addEventListener('keydown', () => (began = performance.now()), true);
    addEventListener('input', () => {
      if (began === 0) return;
      const start = began;
      began = 0;
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        void document.querySelector('main').offsetHeight;
        keystrokes.push(performance.now() - start);
      };
      channel.port2.postMessage(0);
    });
    return true;
  })();
  document.querySelector('input.search').focus();
`;
