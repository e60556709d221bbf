import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clients } from '../../clients/clients.ts';
import { environmentOf } from '../../http/front-door/principal.ts';
import type { FrontDoor } from '../../http/front-door/front-door.ts';
import { requireRoom } from '../../http/front-door/load-shedding.ts';
import { sendProblem, wrongMethod } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { refetchPath, type RefetchStream } from '../ofrep/refetch-stream.ts';
import { takeReport } from './client-report.ts';
import type { ChangeStream } from './change-stream.ts';

/** The parts that the routes of the streams use. */
export interface StreamRoutesOptions {
  readonly environments: Environments;
  readonly stream: ChangeStream;
  readonly refetches: RefetchStream;
  readonly clients: Clients;
  readonly door: FrontDoor;
  readonly log: Log;
}

/**
 * The change stream, the reports of its clients, and OFREP's event stream. Returns a function that
 * serves a request and returns true, or returns false for another path. Streams bypass express: an
 * open stream would keep alive all that its request went through, most of the memory of 10,000
 * streams.
 */
export function streamRoutes({
  environments,
  stream,
  refetches,
  clients,
  door,
  log,
}: StreamRoutesOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const [path = '', query] = (request.url ?? '').split('?', 2);
    const [, environment, resource] = changes.exec(path) ?? [];
    if (environment === undefined && path !== refetchPath) return false;
    if (resource === 'clients' && request.method !== 'POST') return false;
    try {
      if (environment !== undefined && resource === 'clients') {
        const store = storeOf(environments, decode(environment));
        takeReport(request, response, { store, clients, log });
        return true;
      }
      if (request.method !== 'GET') throw wrongMethod(request.method, ['GET']);
      requireRoom(door.descriptors);
      const parameters = new URLSearchParams(query);
      if (environment !== undefined) {
        const store = storeOf(environments, decode(environment));
        stream.connect(request, response, store, parameters.get('heartbeat') ?? undefined);
      } else {
        door.guard.allowReading(request, response);
        const store = storeOf(
          environments,
          environmentOf(request, parameters.get('environment') ?? undefined),
        );
        refetches.connect(request, response, store);
      }
    } catch (error) {
      sendProblem(error, response, log);
    }
    return true;
  };
}

const changes = /^\/api\/v1\/environments\/([^/]+)\/(stream|clients)$/;

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    const message = `the environment ${JSON.stringify(segment)} is not percent-encoded UTF-8: encode it`;
    throw new RequestError('invalid_request', message);
  }
}
