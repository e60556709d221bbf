import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { count, countOf, percent } from '../../ui/numbers.ts';

interface AffectedProps {
  readonly environment: string;
  readonly lane: string | undefined;
  readonly flag: string | undefined;
}

/** The traffic that a kill touches, as far as services report it. */
export function Affected({ environment, lane, flag }: AffectedProps): JSX.Element {
  const { resource } = useResource(async () => {
    if (lane !== undefined) {
      const { body } = await api<Schema<'Lanes'>>('GET', environmentPath(environment, 'lanes'));
      return laneInWords(
        body.lanes.find((one) => one.lane === lane),
        body.windowSeconds,
      );
    }
    const path = environmentPath(environment, 'flags', flag ?? '', 'usage');
    return flagInWords((await api<Schema<'FlagUsage'>>('GET', path)).body);
  });
  const read = resource.value;
  const words =
    read.state === 'ready'
      ? read.value
      : read.state === 'failed'
        ? `It touches an unknown number of requests: ${read.error.message}`
        : 'Counting whom it touches…';
  return (
    <p class="notice warn" role="status">
      {words}
    </p>
  );
}

function laneInWords(lane: Schema<'Lane'> | undefined, windowSeconds: number): string {
  if (lane === undefined || lane.requests === 0) return 'No service reported a request of this lane lately.';
  const services = lane.services.map(({ service }) => service).join(', ');
  const share = lane.share === null ? '' : `${percent(lane.share)} of all traffic, `;
  return `It touches ${share}${countOf(lane.requests, 'request')} in the last ${Math.round(windowSeconds / 60)} min, in ${services}.`;
}

function flagInWords({ services, variants }: Schema<'FlagUsage'>): string {
  const recent = variants.reduce((sum, { last5Minutes }) => sum + last5Minutes, 0);
  if (recent === 0) return 'No service reported an evaluation of this flag in the last 5 min.';
  const names = services.filter(({ last5Minutes }) => last5Minutes > 0).map(({ service }) => service);
  return `It touches ${count(recent)} evaluations in the last 5 min, by ${names.join(', ')}.`;
}
