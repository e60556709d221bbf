import type { IncomingMessage, ServerResponse } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { ByteBudget } from '../../backpressure/byte-budget.ts';
import { readUnpacked } from '../../http/body/unpacked-body.ts';
import { environmentOf } from '../../http/front-door/principal.ts';
import { wrongMethod } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Intake } from '../../signals/intake.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { TimeSlices } from '../../time-slices.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeSpans } from './decode-spans.ts';
import { MalformedExport, type Encoding } from './encoding.ts';
import { sendOtlpError } from './errors.ts';
import { signalOf } from './signal.ts';
import { ExportMetricsServiceResponseSchema } from './gen/graylane/otlp/v1/metrics_pb.ts';
import { ExportTraceServiceResponseSchema } from './gen/graylane/otlp/v1/traces_pb.ts';
import { jsonEncoding } from './json-encoding.ts';
import { protobufEncoding } from './protobuf-encoding.ts';

/** The parts that OTLP's routes use. */
export interface OtlpOptions {
  readonly environments: Environments;
  readonly intake: Intake;
  readonly log: Log;
  /** The largest export, in bytes, unpacked. Default: 4 MiB. */
  readonly maxBodyBytes?: number;
  /** The bytes of all exports that are read at one time. Default: 64 MiB. */
  readonly maxHeldBytes?: number;
}

/** An SDK sends logs to the same endpoint unless it is configured otherwise. */
const noLogs = 'this server keeps no logs: set OTEL_LOGS_EXPORTER=none, or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT';

/**
 * The OpenTelemetry protocol over HTTP: metrics and traces, in JSON and protobuf, plain or with
 * gzip. Returns a function that serves a request for one of OTLP's paths, or responds to the
 * refusal of the front door. An export is decoded in slices, then delivered to the intake, whole or
 * not at all.
 */
export function otlpRoutes({
  environments,
  intake,
  log,
  maxBodyBytes = 4_194_304,
  maxHeldBytes = 67_108_864,
}: OtlpOptions): (request: IncomingMessage, response: ServerResponse, refusal?: unknown) => void {
  const budget = new ByteBudget(maxHeldBytes);

  const receive = async (
    signal: string | undefined,
    request: IncomingMessage,
    encoding: Encoding,
  ): Promise<Uint8Array> => {
    if (request.method !== 'POST') throw wrongMethod(request.method, ['POST']);
    if (signal === 'logs') throw new RequestError('not_found', noLogs);
    const environment = environmentOf(request);
    storeOf(environments, environment);
    requireType(request, encoding);
    const lease = budget.lease();
    try {
      const body = await readUnpacked(request, { limit: maxBodyBytes, lease });
      const slices = new TimeSlices();
      if (signal === 'metrics') {
        const { points, rejections } = await decodeMetrics(body, encoding, slices);
        await intake.deliverMetrics(environment, points);
        const { count, message: errorMessage } = rejections;
        const partialSuccess = { rejectedDataPoints: BigInt(count), errorMessage };
        const schema = ExportMetricsServiceResponseSchema;
        return encoding.encode(schema, create(schema, count > 0 ? { partialSuccess } : {}));
      }
      const { spans, rejections } = await decodeSpans(body, encoding, slices);
      await intake.deliverSpans(environment, spans);
      const { count, message: errorMessage } = rejections;
      const partialSuccess = { rejectedSpans: BigInt(count), errorMessage };
      const schema = ExportTraceServiceResponseSchema;
      return encoding.encode(schema, create(schema, count > 0 ? { partialSuccess } : {}));
    } catch (error) {
      if (!(error instanceof MalformedExport)) throw error;
      const message = `the body is not an export of ${signal} in ${encoding.type}: ${error.message}`;
      throw new RequestError('unparsable', message, { cause: error });
    } finally {
      lease.close();
    }
  };

  return (request, response, refusal) => {
    const encoding = encodingOf(request);
    if (refusal !== undefined) {
      sendOtlpError(refusal, encoding, response, log);
      return;
    }
    receive(signalOf(request.url), request, encoding).then(
      (body) => {
        response.setHeader('content-type', encoding.type);
        response.end(body);
      },
      (error: unknown) => sendOtlpError(error, encoding, response, log),
    );
  };
}

/** The encoding of a request, and of its response. JSON if the type is neither. */
function encodingOf({ headers }: IncomingMessage): Encoding {
  return mediaTypeOf(headers['content-type']) === protobufEncoding.type ? protobufEncoding : jsonEncoding;
}

function requireType({ headers }: IncomingMessage, { type }: Encoding): void {
  const sent = headers['content-type'];
  if (mediaTypeOf(sent) === type) return;
  const remedy = `send ${protobufEncoding.type} or ${jsonEncoding.type}`;
  throw new RequestError(
    'unsupported_type',
    `the body is ${JSON.stringify(sent ?? 'of no type')}: ${remedy}`,
  );
}

function mediaTypeOf(type: string | undefined): string | undefined {
  return type?.split(';', 1)[0]?.trim().toLowerCase();
}
