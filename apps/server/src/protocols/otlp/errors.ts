import type { ServerResponse } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { httpStatusOf } from '../../http/http-status.ts';
import { logFault, setRefusalHeaders } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Encoding } from './encoding.ts';
import { StatusSchema } from './gen/graylane/otlp/v1/common_pb.ts';

/**
 * Responds to an error as exporters expect (OTLP, "Failures"): a `google.rpc.Status` in the
 * encoding of the request. Exporters retry 429 and 503, after `Retry-After`, and drop the data with
 * any other status. A fault of the server is logged and not sent.
 */
export function sendOtlpError(error: unknown, encoding: Encoding, response: ServerResponse, log: Log): void {
  const refusal = error instanceof RequestError ? error : undefined;
  if (refusal === undefined) logFault(error, log);
  else setRefusalHeaders(refusal, response);
  const status = refusal === undefined ? 500 : httpStatusOf(refusal);
  const message = refusal === undefined ? 'the server failed: see its log' : refusal.message;
  const body = encoding.encode(StatusSchema, create(StatusSchema, { code: codes[status] ?? 13, message }));
  response.statusCode = status;
  response.setHeader('content-type', encoding.type);
  response.end(body);
}

/** The codes of gRPC for the statuses of HTTP; INTERNAL (13) for any other. */
const codes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  421: 9,
  429: 8,
  503: 14,
};
