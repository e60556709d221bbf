import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment, live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { screenHref } from '../../router/location.ts';
import { count } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { LaneCard } from './lane-card.tsx';
import { LapseSummary } from './lapse-summary.tsx';
import { ShareBar } from './share-bar.tsx';
import './lanes.css';

/**
 * Each lane now: its share of the traffic, its rule, its services, and how it does beside its
 * control.
 */
export function LanesScreen(): JSX.Element {
  const { resource, reload } = useResource(
    async () => {
      void live.value?.revision.value;
      return (await api<Schema<'Lanes'>>('GET', environmentPath(environment.value, 'lanes'))).body;
    },
    { everyMs: 2000 },
  );
  const read = resource.value;
  return (
    <>
      <div class="head">
        <h1>Who is gray now</h1>
        {read.state === 'ready' && read.value.requests > 0 && (
          <span class="soft number" role="status">
            {rate(read.value.requests, read.value.windowSeconds)}, the last{' '}
            {Math.round(read.value.windowSeconds / 60)} min
          </span>
        )}
        {read.state === 'ready' && <LapseSummary lanes={read.value} />}
      </div>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && read.error && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && <LaneList lanes={read.value} />}
    </>
  );
}

function LaneList({ lanes: read }: { readonly lanes: Schema<'Lanes'> }): JSX.Element {
  const named = read.lanes.filter(({ lane }) => lane !== 'baseline');
  const baseline = read.lanes.find(({ lane }) => lane === 'baseline');
  if (named.length === 0) {
    return (
      <Empty title="There is no lane yet">
        <p class="lead">
          A lane is a variant of a dye rule: a string flag, mostly called lane, that the edge evaluates once
          for each request. Create one with the variants baseline and gray, and say who is gray.
        </p>
        <a class="button primary" href={screenHref(environment.value, 'flags')}>
          Go to the flags
        </a>
      </Empty>
    );
  }
  return (
    <>
      {read.requests > 0 && <ShareBar lanes={read.lanes} />}
      {read.requests === 0 && (
        <p class="notice">
          No service reports its requests here yet. Send metrics by OTLP to this server:
          OTEL_EXPORTER_OTLP_ENDPOINT=
          {location.origin}
        </p>
      )}
      <ul class="stack">
        {named
          .filter(({ isControl }) => !isControl)
          .map((lane) => (
            <LaneCard
              key={lane.lane}
              lane={lane}
              control={read.lanes.find((one) => one.lane === `${lane.lane}-control`)}
            />
          ))}
        {baseline && <LaneCard lane={baseline} control={undefined} />}
      </ul>
    </>
  );
}

function rate(requests: number, seconds: number): string {
  const perSecond = requests / Math.max(1, seconds);
  return perSecond >= 10 ? `${count(perSecond)} requests/s` : `${perSecond.toFixed(1)} requests/s`;
}
