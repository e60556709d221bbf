import type { JSX } from 'preact';
import { environment, live } from '../live/current.ts';
import { Time } from '../ui/time.tsx';

/** Why the page does not follow the server, and since when. */
export function StaleBar(): JSX.Element | null {
  const connection = live.value?.connection.value;
  if (connection?.state === 'stale') {
    return (
      <div class="stale-bar row" role="status">
        <span>
          Stale since <Time at={connection.since} />. {connection.because} The page reconnects by itself.
        </span>
        <button type="button" class="button small" onClick={() => live.peek()?.retry()}>
          Try now
        </button>
      </div>
    );
  }
  if (connection?.state === 'refused' && connection.status !== 401) {
    return (
      <div class="stale-bar" role="status">
        {connection.status === 404
          ? `There is no environment "${environment.value}". Choose another one, or create it under More, Environments.`
          : `This token may not follow "${environment.value}": ${connection.because}`}
      </div>
    );
  }
  return null;
}
