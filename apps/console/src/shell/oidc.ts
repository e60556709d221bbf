import { signal, type ReadonlySignal } from '@preact/signals';
import { signOut } from '../api/session.ts';

/** A person who signed in by OpenID Connect, and what they may do. */
export interface Person {
  readonly name: string;
  readonly scope: string;
  readonly environment?: string;
}

const isOn = signal(false);
const known = signal<Person | undefined>(undefined);

/** Whether the server has sign-in by OpenID Connect. */
export const oidcIsOn: ReadonlySignal<boolean> = isOn;

/** The person of the session, whose cookie scripts cannot read. */
export const person: ReadonlySignal<Person | undefined> = known;

/** Asks the server how people sign in, and who has. */
export async function readSession(): Promise<void> {
  try {
    const response = await fetch('/auth/session');
    const session = (await response.json()) as { readonly signIn: boolean } & Partial<Person>;
    isOn.value = session.signIn;
    const { name, scope = '' } = session;
    known.value = name === undefined ? undefined : { ...session, name, scope };
  } catch {
    // Sign-in by a token does without it.
  }
}

/** Ends the session of the token and of the person. */
export async function endSession(): Promise<void> {
  if (known.peek() !== undefined) await fetch('/auth/sign-out', { method: 'POST' }).catch(() => undefined);
  known.value = undefined;
  signOut('You have signed out.');
}
