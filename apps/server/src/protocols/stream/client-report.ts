import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientName, ClientReport, Downstream } from '../../clients/client.ts';
import type { Clients } from '../../clients/clients.ts';
import { jsonBody } from '../../http/body/json-body.ts';
import { principalOf } from '../../http/front-door/principal.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { isObject } from '../../is-object.ts';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import type { FlagStore } from '../../store/flag-store.ts';

/** One word of visible ASCII, as a header and a revision have it. */
const word = /^[\x21-\x7e]{1,200}$/;
const readJson = jsonBody({ types: ['application/json'], limit: 4096, depth: 4 });

/** The headers in which a client of the change stream names itself. */
const [serviceHeader, instanceHeader] = ['graylane-service', 'graylane-instance'];

/** How a client of the change stream has named itself; undefined if it has not. */
export function nameOf(request: IncomingMessage): ClientName | undefined {
  const { headers } = request;
  const [service, instance] = [headers[serviceHeader], headers[instanceHeader]];
  if (typeof service !== 'string' || typeof instance !== 'string' || !word.test(instance)) return undefined;
  const sender = principalOf(request).name;
  return { service: decoded(service).slice(0, 200), instance, sender };
}

/**
 * `POST …/clients`: a client confirms the revision that it serves. Bypasses express, since every
 * client sends one after each change.
 */
export function takeReport(
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  { store, clients, log }: { readonly store: FlagStore; readonly clients: Clients; readonly log: Log },
): void {
  readJson(request, response, (error) => {
    try {
      if (error !== undefined) throw error;
      const report = readReport(request.body);
      const sender = principalOf(request).name;
      if (clients.of(store)?.report({ ...report, sender }) === false) throw notItsOwn(report, sender);
      response.statusCode = 204;
      response.end();
    } catch (refusal) {
      sendProblem(refusal, response, log);
    }
  });
}

function notItsOwn({ service, instance }: ClientReport, sender: string): RequestError {
  const message =
    `the instance "${instance}" of "${service}" has opened its stream with another token than ` +
    `"${sender}": send its reports with the token of its stream`;
  return new RequestError('forbidden', message);
}

function readReport(body: unknown): ClientReport {
  const { service, instance, revision, downstream } = isObject(body) ? body : {};
  if (typeof service !== 'string' || service === '' || service.length > 200)
    throw invalid('service', service, 'the name of the service, e.g. "orders"');
  if (typeof instance !== 'string' || !word.test(instance))
    throw invalid('instance', instance, 'an id of the process without spaces, e.g. a UUID');
  if (typeof revision !== 'string' || !word.test(revision))
    throw invalid('revision', revision, 'the revision of the last event');
  if (downstream === undefined) return { service, instance, revision };
  return { service, instance, revision, downstream: readDownstream(downstream) };
}

function readDownstream(value: unknown): Downstream {
  const { connected, confirmable, confirmed } = isObject(value) ? value : {};
  const counts = [connected, confirmable, confirmed];
  if (counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0))
    return { connected, confirmable, confirmed } as unknown as Downstream;
  throw invalid('downstream', value, '{ "connected": 3, "confirmable": 3, "confirmed": 3 }');
}

function invalid(member: string, value: unknown, right: string): RequestError {
  const shown = JSON.stringify(value)?.slice(0, 100) ?? 'missing';
  return new RequestError('invalid_request', `"${member}" is ${shown}: send ${right}`);
}

/** Percent-encoded, since a header is ASCII. */
function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}
