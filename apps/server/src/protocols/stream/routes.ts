import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Descriptors } from '../../http/descriptors.ts';
import type { Log } from '../../log.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { ChangeStream } from './change-stream.ts';
import type { RefetchStream } from '../ofrep/refetch-stream.ts';
import { environmentOf } from '../../http/environment-header.ts';
import type { Guard } from '../../http/guard.ts';
import { answerProblem, HttpProblem } from '../../http/problem-details.ts';
import { requireRoom } from '../../http/load-shedding.ts';

/** What the streams are made of. */
export interface StreamRoutesOptions {
  readonly environments: Environments;
  readonly stream: ChangeStream;
  readonly refetches: RefetchStream;
  readonly descriptors: Descriptors;
  readonly guard: Guard;
  readonly log: Log;
}

/**
 * Serves the two kinds of streams, and answers whether the request was for one. They do not go through express: an open stream keeps
 * alive whatever its request went through, and that would be most of what ten thousand of them weigh.
 */
export function streamRoutes({
  environments,
  stream,
  refetches,
  descriptors,
  guard,
  log,
}: StreamRoutesOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const [path = '', query] = (request.url ?? '').split('?', 2);
    const [, environment] = changes.exec(path) ?? [];
    if (request.method !== 'GET' || (environment === undefined && path !== refetchPath)) return false;
    try {
      guard.admit(request);
      requireRoom(descriptors, response);
      const parameters = new URLSearchParams(query);
      if (environment !== undefined) {
        const store = storeOf(environments, decode(environment));
        stream.connect(request, response, store, parameters.get('heartbeat') ?? undefined);
      } else {
        guard.allowReading(request, response);
        const store = storeOf(environments, parameters.get('environment') ?? environmentOf(request));
        refetches.connect(request, response, store);
      }
    } catch (error) {
      answerProblem(error, response, log);
    }
    return true;
  };
}

const changes = /^\/api\/v1\/environments\/([^/]+)\/stream$/;

/** Where OFREP's event stream is; an EventSource can send no header, so the query names the environment. */
const refetchPath = '/ofrep/v1/events';

/** The path and query of OFREP's event stream. */
export function refetchUri(environment: string): string {
  return `${refetchPath}?environment=${encodeURIComponent(environment)}`;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpProblem(400, `the environment ${JSON.stringify(segment)} is not well encoded`);
  }
}
