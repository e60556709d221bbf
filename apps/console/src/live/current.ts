import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { token } from '../api/session.ts';
import { place } from '../router/location.ts';
import { LiveFlags } from './live-flags.ts';

/** The environment of the current place; the last one where the place names none. */
export const environment: ReadonlySignal<string> = computed(() => {
  const [first, name] = place.value.path;
  if (first === 'e' && name !== undefined) remembered = name;
  return remembered;
});
let remembered = 'default';

const following = signal<LiveFlags | undefined>(undefined);

/** The flags of the current environment. */
export const live: ReadonlySignal<LiveFlags | undefined> = following;

/** Follows the environment of the current place, with the token of the session. */
export function followPlace(): void {
  effect(() => {
    // Another token may read another environment.
    void token.value;
    const followed = new LiveFlags(environment.value);
    following.value = followed;
    return () => followed.close();
  });
}
