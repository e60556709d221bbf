import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import { describeMap, describeTrace, matches, type TraceFilter } from '../../traffic/map/describe-map.ts';
import type { Lapse } from '../../traffic/map/lapses.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import { trafficOf } from './traffic-of.ts';

/** The traces that are listed. */
const [defaultTraces, maxTraces] = [10, 100];

const lapses: ReadonlySet<string> = new Set<Lapse>(['escaped', 'leaked', 'fallback']);

/**
 * Route `…/map`: the services of the newest traces and the calls between them, by lane. With
 * `trace`, those of one request; `from`, `to`, `lapse` and `lane` choose the traces to list.
 */
export function mapApi(router: Router, environments: Environments, keeper: TrafficKeeper): void {
  router
    .route('/environments/:environment/map')
    .get((request: OfEnvironment, response: Response) => {
      const { traces } = trafficOf(environments, keeper, request.params.environment);
      const { query } = request;
      const traceId = text(query, 'trace');
      const limit = readLimit(query['limit']);
      const filter = readFilter(query);
      const now = Date.now();
      const one = traceId === undefined ? undefined : traces.get(traceId);
      if (traceId !== undefined && one === undefined) {
        const remedy = 'it has no spans here, or newer traces have taken its place';
        throw new RequestError('not_found', `there is no trace ${JSON.stringify(traceId)}: ${remedy}`);
      }
      const shown = one === undefined ? traces.newest : [one];
      const listed = shown.filter((trace) => matches(trace, filter, now)).slice(0, limit);
      response.setHeader('cache-control', 'no-cache');
      response.json({
        of: shown.length,
        ...describeMap(shown, now),
        traces: listed.map((trace) => describeTrace(trace, now)),
      });
    })
    .all(methodNotAllowed('GET'));
}

function readFilter(query: Request['query']): TraceFilter {
  const lapse = text(query, 'lapse');
  if (lapse !== undefined && !lapses.has(lapse)) {
    const message = `lapse is ${JSON.stringify(lapse)}: use one of ${[...lapses].join(', ')}`;
    throw new RequestError('invalid_request', message);
  }
  return {
    from: text(query, 'from'),
    to: text(query, 'to'),
    lane: text(query, 'lane'),
    lapse: lapse as Lapse | undefined,
  };
}

function text(query: Request['query'], name: string): string | undefined {
  const value = query[name];
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new RequestError('invalid_request', `${name} is ${JSON.stringify(value)}: give it one value`);
}

function readLimit(value: unknown): number {
  if (value === undefined) return defaultTraces;
  const limit = Number(value);
  if (Number.isInteger(limit) && limit >= 0 && limit <= maxTraces && value !== '') return limit;
  throw new RequestError(
    'invalid_request',
    `limit is ${JSON.stringify(value)}: use a number from 0 to ${maxTraces}`,
  );
}

type OfEnvironment = Request<{ environment: string }>;
