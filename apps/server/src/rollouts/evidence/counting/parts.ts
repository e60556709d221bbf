import type { TimeSlices } from '../../../time-slices.ts';
import type { Part, PartCounts } from '../look-source.ts';
import type { Increment } from './increment.ts';
import type { SliMatcher } from './sli-matcher.ts';

/** The most parts of a look, those with the most requests, and the most that are added up. */
const [maxParts, maxAdded] = [500, 10_000];

/** Metrics of requests that a service handles, with the label of the route or procedure. */
const handled: ReadonlyMap<string, string> = new Map([
  ['http_server_request_duration', 'http_route'],
  ['rpc_server_call_duration', 'rpc_method'],
  ['messaging_process_duration', 'messaging_destination_name'],
]);

interface ArmNames {
  readonly lane: string;
  readonly control: string;
}

/**
 * The requests by service, route and instance: those of each SLI, and those of every other service,
 * because a difference may come from a service that the SLI only calls.
 */
export async function partsOf(
  arms: readonly Increment[],
  matchers: readonly SliMatcher[],
  names: ArmNames,
  slices: TimeSlices,
): Promise<readonly Part[]> {
  const parts = new Map<string, Part>();
  for (const one of arms) {
    // oxlint-disable-next-line no-await-in-loop -- One series after the other.
    if (slices.over) await slices.next();
    const owners = matchers.filter((matcher) => matcher.counts(one));
    for (const matcher of owners) add(parts, matcher.sli.name, one, isBad(one, matcher), names);
    if (owners.length === 0 && handled.has(one.metric)) {
      add(parts, `${one.service} ${one.metric}`, one, isBad(one), names);
    }
  }
  const size = ({ gray, control }: Part): number => gray.requests + control.requests;
  return [...parts.values()].toSorted((a, b) => size(b) - size(a)).slice(0, maxParts);
}

/** Without a definition of bad, a request is bad that the conventions report as an error. */
function isBad({ labels }: Increment, matcher?: SliMatcher): boolean {
  if (matcher?.sli.kind === 'errors') return matcher.isBad(labels);
  const status = labels.get('http_response_status_code');
  return status === undefined ? (labels.get('error_type') ?? '') !== '' : status.startsWith('5');
}

function add(parts: Map<string, Part>, sli: string, one: Increment, bad: boolean, { lane }: ArmNames): void {
  const route = one.labels.get(handled.get(one.metric) ?? '') ?? '';
  const key = JSON.stringify([sli, one.service, route, one.instance]);
  const known = parts.get(key);
  if (known === undefined && parts.size >= maxAdded) return;
  const part = known ?? {
    sli,
    service: one.service,
    ...(route !== '' && { route }),
    ...(one.instance !== '' && { instance: one.instance }),
    gray: none,
    control: none,
  };
  const arm = one.lane === lane ? 'gray' : 'control';
  parts.set(key, { ...part, [arm]: plus(part[arm], one, bad) });
}

const none: PartCounts = { requests: 0, bad: 0, seconds: 0 };

function plus(sum: PartCounts, { requests, seconds = 0 }: Increment, bad: boolean): PartCounts {
  return {
    requests: sum.requests + requests,
    bad: sum.bad + (bad ? requests : 0),
    seconds: sum.seconds + seconds,
  };
}
