import type { JSX } from 'preact';
import { environment, live } from '../live/current.ts';
import { currentEnvironment } from '../live/environment-names.ts';
import { faultsOf } from '../live/faults.ts';
import { Time } from '../ui/time.tsx';

/** Why the page does not follow the server, or the environment its source. */
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
  if (currentEnvironment.value?.degraded) {
    return (
      <div class="stale-bar" role="status">
        "{environment.value}" needs attention. {faultsOf(currentEnvironment.value).join(' ')}
      </div>
    );
  }
  if (currentEnvironment.value?.readOnly) {
    return (
      <div class="stale-bar" role="status">
        "{environment.value}" is read only here: change its source, or another server. Drafts stay in this
        tab.
      </div>
    );
  }
  return null;
}
