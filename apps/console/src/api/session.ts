import { signal, type ReadonlySignal } from '@preact/signals';

const storageKey = 'graylane-token';

const held = signal(sessionStorage.getItem(storageKey) ?? undefined);
const refusal = signal<string | undefined>(undefined);

/** The token of this tab, until the tab is closed. */
export const token: ReadonlySignal<string | undefined> = held;

/** Why the server wants a (new) token; undefined while it accepts requests. */
export const refused: ReadonlySignal<string | undefined> = refusal;

/** Uses a token for all further requests. */
export function signIn(newToken: string): void {
  sessionStorage.setItem(storageKey, newToken);
  held.value = newToken;
  refusal.value = undefined;
}

/** Forgets the token. Drafts stay. */
export function signOut(reason: string): void {
  sessionStorage.removeItem(storageKey);
  held.value = undefined;
  refusal.value = reason;
}

/** Notes that the server refused the session; what is on the page stays. */
export function refuse(reason: string): void {
  refusal.value = reason;
}
