import type { ReadonlySignal } from '@preact/signals';
import { api, environmentPath, type Schema } from '../../../api/request.ts';
import { useResource } from '../../../live/resource.ts';
import type { Context } from './contexts.ts';

/**
 * The contexts that the server evaluated lately in an environment, newest first; undefined until
 * they are read, where they are refused, and while no environment is given.
 */
export function useRecentContexts(
  environment: ReadonlySignal<string | undefined>,
): readonly Context[] | undefined {
  const { resource } = useResource(async () => {
    const name = environment.value;
    if (name === undefined) return undefined;
    const { body } = await api<Schema<'Contexts'>>('GET', environmentPath(name, 'contexts'));
    return body.contexts.map(({ context }) => context);
  });
  return resource.value.state === 'ready' ? resource.value.value : undefined;
}
