import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError, type Schema } from '../../api/request.ts';
import { live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { Failed } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';

/** The kills that are in force, each with the way to lift it. */
export function KillsInForce({ environment }: { readonly environment: string }): JSX.Element | null {
  const { resource, reload } = useResource(async () => {
    void live.value?.revision.value;
    return (await api<Schema<'Kills'>>('GET', environmentPath(environment, 'kill'))).body.kills;
  });
  const error = useSignal<ApiError | undefined>(undefined);
  const lift = async ({ lane, flag }: Schema<'Kill'>): Promise<void> => {
    try {
      const place = lane === undefined ? ['flags', flag ?? ''] : ['lanes', lane];
      await api('DELETE', `${environmentPath(environment, 'kill', ...place)}?wait=0`, {
        reason: 'lifted in the console',
      });
      reload();
    } catch (failure) {
      error.value = failure as ApiError;
    }
  };
  const read = resource.value;
  if (read.state !== 'ready' || read.value.length === 0) return null;
  return (
    <section class="stack" aria-label="Killed now">
      <h3>Killed now</h3>
      <ul class="stack">
        {read.value.map((kill) => (
          <li class="row" key={`${kill.lane} ${kill.flag}`}>
            <span>
              {kill.lane === undefined ? 'flag' : 'lane'}{' '}
              <strong class="mono">{kill.lane ?? kill.flag}</strong>{' '}
              <span class="soft small">
                {kill.at !== undefined && <Time at={kill.at} />} {kill.author} {kill.reason}
              </span>
            </span>
            <button
              type="button"
              class="button small end"
              aria-label={`Lift the kill of ${kill.lane ?? kill.flag ?? ''}`}
              onClick={() => void lift(kill)}
            >
              Lift
            </button>
          </li>
        ))}
      </ul>
      {error.value && <Failed error={error.value} />}
    </section>
  );
}
