import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { LiveFlags } from '../../../live/live-flags.ts';
import type { Draft } from './draft.ts';

/** The flag that is being edited, for parts of the editor that are loaded on demand. */
export const editing: Signal<
  { readonly draft: Draft; readonly flags: ReadonlySignal<LiveFlags | undefined> } | undefined
> = signal(undefined);
