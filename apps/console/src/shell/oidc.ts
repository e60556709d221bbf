import { signal, type ReadonlySignal } from '@preact/signals';

const isOn = signal(false);

/** Whether the server has sign-in by OpenID Connect. */
export const oidcIsOn: ReadonlySignal<boolean> = isOn;
