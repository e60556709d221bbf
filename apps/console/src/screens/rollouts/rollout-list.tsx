import type { JSX } from 'preact';
import { environment, live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { screenHref } from '../../router/location.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { readRollouts, type RolloutSummary } from './model/rollout.ts';
import { StateBadge } from './model/state-badge.tsx';

/** All rollouts of the environment. */
export function RolloutList(): JSX.Element {
  const { resource, reload } = useResource(
    () => {
      void live.value?.revision.value;
      return readRollouts(environment.value);
    },
    { everyMs: 5000 },
  );
  const read = resource.value;
  const start = `${screenHref(environment.value, 'rollouts')}?start`;
  return (
    <>
      <div class="head">
        <h1>Rollouts</h1>
        <a class="button primary end" href={start}>
          Start a rollout
        </a>
      </div>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && read.value.length === 0 && (
        <Empty title="No rollout yet">
          <p class="lead">
            A rollout moves a lane through steps, from 1 % of the users to all. A guard compares the lane with
            an equally large control after each look, holds while it cannot tell, and takes the release back
            if it is worse.
          </p>
          <a class="button primary" href={start}>
            Start the first one
          </a>
        </Empty>
      )}
      {read.state === 'ready' && read.value.length > 0 && (
        <ul class="stack">
          {read.value.map((rollout) => (
            <Row key={rollout.id} rollout={rollout} />
          ))}
        </ul>
      )}
    </>
  );
}

function Row({ rollout }: { readonly rollout: RolloutSummary }): JSX.Element {
  const { id, flag, lane, step, steps, weights, because, since, author, standing } = rollout;
  return (
    <li class="card">
      <div class="row">
        <h2>
          <a href={screenHref(environment.value, 'rollouts', id)}>
            {lane} by {flag}
          </a>
        </h2>
        <StateBadge rollout={rollout} />
        <span class="soft end">
          {standing ? 'standing lanes' : step === 0 ? 'A/A looks' : `step ${step} of ${steps}`} ·{' '}
          {weights.gray} %
        </span>
      </div>
      <p class="soft">{because}</p>
      <p class="soft small">
        since <Time at={since} />
        {author !== undefined && ` · started by ${author}`}
      </p>
    </li>
  );
}
