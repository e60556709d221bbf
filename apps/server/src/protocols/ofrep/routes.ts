import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EvaluationContext, FlagSet } from '@graylane/flags';
import type { SlowReaders } from '../../backpressure/slow-readers.ts';
import { entityTagOf } from '../../http/body/entity-tag.ts';
import { jsonBody } from '../../http/body/json-body.ts';
import { sendJson } from '../../http/body/send-json.ts';
import { servePreflight } from '../../http/front-door/cross-origin.ts';
import { environmentOf } from '../../http/front-door/principal.ts';
import type { FrontDoor } from '../../http/front-door/front-door.ts';
import { wrongMethod } from '../../http/problem-details.ts';
import { isObject } from '../../is-object.ts';
import type { Log } from '../../log.ts';
import type { ServerMetrics } from '../../metrics/server-metrics.ts';
import { requireSmallContext } from '../../model/context-size.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import { sendOfrepError } from './errors.ts';
import { refetchUri } from './refetch-stream.ts';
import { evaluateAll, evaluateOne, type BulkResponse, type Members } from './response.ts';

/** The parts that OFREP's routes use. */
export interface OfrepOptions {
  readonly environments: Environments;
  readonly door: FrontDoor;
  readonly readers: SlowReaders;
  readonly metrics: ServerMetrics;
  readonly traffic: Pick<TrafficKeeper, 'recordContext'>;
  readonly log: Log;
}

/** The largest body in bytes, and how deep it may nest. */
const [maxBodyBytes, maxDepth] = [262_144, 100];

/**
 * JSON, and the types that simple clients send for it by default (`curl -d`).
 */
const types = ['application/json', 'application/*+json', 'text/plain', 'application/x-www-form-urlencoded'];

/** The seconds out of sight after which a client may close its event stream. */
const inactivityDelaySec = 120;

const evaluations = /^\/ofrep\/v1\/evaluate\/flags(?:\/([^/?]+))?\/?(?:\?|$)/;

const crossOrigin = {
  methods: ['GET', 'POST'],
  headers: [
    'authorization',
    'content-type',
    'graylane-environment',
    'if-none-match',
    'last-event-id',
    'x-api-key',
  ],
};

/**
 * The OpenFeature Remote Evaluation Protocol 0.3: single and bulk evaluation. Returns a function
 * that serves a request and returns true, or returns false for another path. Evaluations bypass
 * express, whose routing takes longer than an evaluation.
 */
export function ofrepRoutes({
  environments,
  door,
  readers,
  metrics,
  traffic: { recordContext },
  log,
}: OfrepOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { guard, rateLimit } = door;
  const readJson = jsonBody({ types, limit: maxBodyBytes, depth: maxDepth });

  const respond = (request: IncomingMessage, response: ServerResponse, segment: string | undefined) => {
    const environment = environmentOf(request);
    const store = storeOf(environments, environment);
    const { flags } = store.snapshot;
    const counterOf = metrics.evaluations.of('ofrep', store);
    const context = readContext(request);
    recordContext?.(store, context);
    if (segment !== undefined) {
      const { status, body } = evaluateOne(flags, decodeKey(segment), context, counterOf);
      sendJson(response, status, body);
      return;
    }
    // The query parameters `flagConfigEtag` and `flagConfigLastModified` request rules at least as
    // new as an event. Every response is made from the newest rules, so they need no handling.
    const more = membersOf(flags, environment);
    evaluateAll(flags, context, { counterOf, more, isOver: () => response.destroyed }).then(
      (bulk) => {
        const body = sendUnlessKnown(request, response, bulk);
        if (body !== undefined) readers.watch(response, body);
      },
      (error: unknown) => sendOfrepError(error, segment, response, log),
    );
  };

  return (request, response) => {
    const { method, url = '' } = request;
    const [matched, segment] = evaluations.exec(url) ?? [];
    if (matched === undefined) {
      return url.startsWith('/ofrep/v1/') && servePreflight(guard, request, response, crossOrigin);
    }
    if (method === 'OPTIONS' && servePreflight(guard, request, response, crossOrigin)) return true;
    guard.allowReading(request, response);
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        sendOfrepError(error, segment, response, log);
      }
    };
    attempt(() => {
      if (method !== 'POST') throw wrongMethod(method, ['POST']);
      rateLimit?.admit(request);
      // A body need not name its type (RFC 9110, section 8.3). Ignored, it would lose the context.
      request.headers['content-type'] ??= 'application/json';
      readJson(request, response, (error) =>
        attempt(() => {
          if (error !== undefined) throw error;
          respond(request, response, segment);
        }),
      );
    });
    return true;
  };
}

/** Flags belong to one environment. */
const members = new WeakMap<FlagSet, Members>();

/** The members of a bulk evaluation beside the flags. */
function membersOf(flags: FlagSet, environment: string): Members {
  let known = members.get(flags);
  if (known === undefined) {
    const endpoint = { requestUri: refetchUri(environment) };
    const eventStreams = [{ type: 'sse', endpoint, inactivityDelaySec }];
    const json = JSON.stringify({ metadata: flags.metadata, eventStreams }).slice(1, -1);
    known = { json, tag: entityTagOf(json) };
    members.set(flags, known);
  }
  return known;
}

function decodeKey(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RequestError(
      'invalid_request',
      `the key ${JSON.stringify(segment)} is not percent-encoded UTF-8: encode it, e.g. as my%20flag`,
    );
  }
}

/** A request without a body has an empty context. */
function readContext(request: IncomingMessage & { body?: unknown }): EvaluationContext {
  const { body, headers } = request;
  if (body === undefined) {
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return {};
    const type = JSON.stringify(headers['content-type']);
    throw new RequestError('unsupported_type', `the body is ${type}: send application/json`);
  }
  if (isObject(body)) {
    const { context = {} } = body;
    if (isObject(context)) {
      requireSmallContext(context);
      return context;
    }
  }
  throw new RequestError('invalid_context', 'the body must be a JSON object whose "context" is an object');
}

/** The tag covers the rules and the context alike. Returns the body that was sent. */
function sendUnlessKnown(
  request: IncomingMessage,
  response: ServerResponse,
  { tag, body }: BulkResponse,
): string | undefined {
  response.setHeader('etag', tag);
  response.setHeader('cache-control', 'no-cache');
  if (isKnown(request.headers['if-none-match'], tag)) {
    response.statusCode = 304;
    response.end();
    return undefined;
  }
  const json = body();
  sendJson(response, 200, json);
  return json;
}

/** `If-None-Match` compares weakly (RFC 9110, section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const known = new Set(header.split(',').map((one) => one.trim().replace(/^W\//, '')));
  return known.has(tag) || known.has('*');
}
