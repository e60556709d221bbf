import { cors, createConnectRouter, createContextValues } from '@connectrpc/connect';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import type { UniversalHandlerFn } from '@connectrpc/connect/protocol';
import type { ServerResponse } from 'node:http';
import { noteRefusedPreflight, servePreflight } from '../../http/front-door/cross-origin.ts';
import type { FrontDoor } from '../../http/front-door/front-door.ts';
import { requireRoom } from '../../http/front-door/load-shedding.ts';
import { principalOf, type AnyRequest } from '../../http/front-door/principal.ts';
import { logFault, sendProblem, wrongMethod } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';
import { CallMetrics } from '../../metrics/call-metrics.ts';
import type { ServerMetrics } from '../../metrics/server-metrics.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import { errorInterceptor, refusalKey } from './errors.ts';
import { principalKey } from './select.ts';
import { evaluationServiceV1, evaluationServiceV2 } from './evaluation-service.ts';
import { Service as ServiceV1 } from './gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as ServiceV2 } from './gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from './gen/flagd/sync/v1/sync_pb.ts';
import type { LongCalls } from './long-calls.ts';
import { sharedMessagesKey, withSharedMessages } from './messages/shared-messages.ts';
import type { AnyResponse, SlowReaders } from '../../backpressure/slow-readers.ts';
import { syncService } from './sync-service.ts';
import { traceCalls } from './trace-calls.ts';
import { toUniversalRequest } from './universal-request.ts';
import { writeResponse } from './write-response.ts';

/** The parts that the routes of the gRPC port use. */
export interface FlagdRoutesOptions {
  readonly environments: Environments;
  readonly door: FrontDoor;
  readonly calls: LongCalls;
  readonly readers: SlowReaders;
  readonly metrics: ServerMetrics;
  readonly log: Log;
}

/**
 * The largest request: a key and an evaluation context. The decoder bounds its depth to 100
 * messages.
 */
const maxRequestBytes = 1_048_576;

const crossOrigin = {
  methods: ['POST'],
  headers: [...cors.allowedHeaders, 'authorization', 'flagd-selector', 'graylane-environment'],
};
const exposedHeaders = [...cors.exposedHeaders, 'retry-after'].join(', ');

/** flagd's services over Connect, gRPC and gRPC-Web: a listener for HTTP/1.1 and HTTP/2. */
export function flagdRoutes(
  options: FlagdRoutesOptions,
): (request: AnyRequest, response: AnyResponse) => void {
  const { door, readers, metrics, log } = options;
  const handlers = handlersOf(options);

  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const handler = handlers.get(path);
    const isEvaluation = path.startsWith('/flagd.evaluation.');
    let refusal: unknown;
    try {
      door.admit(request, response);
      if (!isEvaluation) noteRefusedPreflight(door.guard, request);
      else if (servePreflight(door.guard, request, response, crossOrigin)) return;
      if (isEvaluation && request.headers.origin !== undefined) {
        door.guard.allowReading(request, response, exposedHeaders);
      }
      if (handler?.isStream === true && request.httpVersionMajor === 1) requireRoom(door.descriptors);
      if (isEvaluation && handler?.isStream === false) door.rateLimit?.admit(request);
    } catch (error) {
      refusal = error;
    }
    try {
      if (handler === undefined) {
        throw refusal ?? new RequestError('not_found', `there is no route ${request.method} ${path}`);
      }
      if (request.method !== 'POST') throw wrongMethod(request.method, ['POST']);
      requireHttp2ForGrpc(request);
    } catch (error) {
      sendProblem(error, response as ServerResponse, log);
      metrics.refusals.countResponse('connect', response);
      return;
    }
    // A stream may be silent for long; the port's time limit is for responses that end.
    if (handler.isStream && request.httpVersionMajor === 1) request.socket.setTimeout(0);
    const values = createContextValues()
      .set(refusalKey, refusal)
      .set(principalKey, principalOf(request))
      .set(sharedMessagesKey, []);
    handler
      .serve(toUniversalRequest(request, response, values))
      .then(async (universal) => writeResponse(universal, response, readers))
      .catch((error: unknown) => logFault(error, log));
  };
}

interface Handler {
  readonly serve: UniversalHandlerFn;
  readonly isStream: boolean;
}

function handlersOf({ environments, calls, metrics, log }: FlagdRoutesOptions): Map<string, Handler> {
  const callMetrics = new CallMetrics(metrics.registry, metrics.refusals);
  const router = createConnectRouter({
    readMaxBytes: maxRequestBytes,
    acceptCompression: [compressionGzip, compressionBrotli],
    interceptors: [...traceCalls(), callMetrics.interceptor, errorInterceptor(log)],
  });
  const { evaluations } = metrics;
  router.service(FlagSyncService, syncService(environments, calls));
  router.service(ServiceV1, evaluationServiceV1(environments, calls, evaluations));
  router.service(ServiceV2, evaluationServiceV2(environments, calls, evaluations));
  return new Map(
    router.handlers.map((handler) => {
      const { method, requestPath } = handler;
      const isStream = method.methodKind === 'server_streaming';
      const shares = isStream || ['FetchAllFlags', 'ResolveAll'].includes(method.name);
      return [requestPath, { serve: shares ? withSharedMessages(handler) : handler, isStream }];
    }),
  );
}

/** gRPC sends its status in trailers, which few clients of HTTP/1.1 read. */
function requireHttp2ForGrpc({ httpVersionMajor, headers }: AnyRequest): void {
  const type = headers['content-type'] ?? '';
  if (httpVersionMajor > 1 || !/^application\/grpc(?:[+;]|$)/i.test(type)) return;
  throw new RequestError(
    'wrong_version',
    'gRPC needs HTTP/2: connect with prior knowledge (h2c), or use Connect or gRPC-Web over HTTP/1.1',
  );
}
