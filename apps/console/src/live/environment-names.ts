import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { api, type Schema } from '../api/request.ts';
import { token } from '../api/session.ts';

const names = signal<readonly string[]>([]);

/** The environments that the session may read. */
export const environmentNames: ReadonlySignal<readonly string[]> = names;

/** Reads the names again, for example after one was created. */
export async function refreshEnvironmentNames(): Promise<void> {
  try {
    const { body } = await api<{ environments: Schema<'EnvironmentSummary'>[] }>('GET', '/environments');
    names.value = body.environments.map(({ name }) => name);
  } catch {
    // The screen itself shows the failure; the switch keeps the current environment.
  }
}

/** Reads the names now, and after each sign-in. */
export function followEnvironmentNames(): void {
  effect(() => {
    void token.value;
    void refreshEnvironmentNames();
  });
}
