import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { api, type Schema } from '../api/request.ts';
import { token } from '../api/session.ts';
import { environment } from './current.ts';

type Environment = Schema<'EnvironmentSummary'>;

const everyMs = 5000;
const known = signal<readonly Environment[]>([]);

/** The environments that the session may read. */
export const environmentNames: ReadonlySignal<readonly string[]> = computed(() =>
  known.value.map(({ name }) => name),
);

/** The current environment, once it is known. */
export const currentEnvironment: ReadonlySignal<Environment | undefined> = computed(() =>
  known.value.find(({ name }) => name === environment.value),
);

/** Reads the environments again, for example after one was created. */
export async function refreshEnvironmentNames(): Promise<void> {
  try {
    const { body } = await api<{ environments: Environment[] }>('GET', '/environments');
    if (JSON.stringify(body.environments) !== JSON.stringify(known.peek())) known.value = body.environments;
  } catch {
    // The screen itself shows the failure; the switch keeps the current environment.
  }
}

/** Reads them now, after each sign-in, and every so often while the page is visible. */
export function followEnvironmentNames(): void {
  effect(() => {
    void token.value;
    void refreshEnvironmentNames();
  });
  setInterval(() => {
    if (document.visibilityState === 'visible') void refreshEnvironmentNames();
  }, everyMs);
}
