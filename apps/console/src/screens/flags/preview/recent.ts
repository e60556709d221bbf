import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { api, environmentPath } from '../../../api/request.ts';
import type { Context } from './contexts.ts';

const known = new Map<string, Signal<readonly Context[] | undefined>>();

/**
 * The contexts that services evaluated lately; undefined until they are read, or where there are
 * none.
 */
export function recentContexts(environment: string): ReadonlySignal<readonly Context[] | undefined> {
  const existing = known.get(environment);
  if (existing) return existing;
  const contexts = signal<readonly Context[] | undefined>(undefined);
  known.set(environment, contexts);
  api<{ readonly contexts: readonly { readonly context: Context }[] }>(
    'GET',
    environmentPath(environment, 'contexts'),
  ).then(
    ({ body }) => (contexts.value = body.contexts.map(({ context }) => context)),
    () => known.delete(environment),
  );
  return contexts;
}
