import { signal, type ReadonlySignal } from '@preact/signals';

/** The lane or the flag that the kill dialog begins with; none offers all. */
export interface KillTarget {
  readonly lane?: string;
  readonly flag?: string;
}

const target = signal<KillTarget | undefined>(undefined);

/** The target of the open kill dialog; undefined while it is closed. */
export const killTarget: ReadonlySignal<KillTarget | undefined> = target;

/** Opens the dialog that kills a lane or a flag. */
export function openKill(given: KillTarget = {}): void {
  target.value = given;
}

/** Closes the kill dialog. */
export function closeKill(): void {
  target.value = undefined;
}
