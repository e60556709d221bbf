import type { PrometheusServers } from './prometheus-servers.ts';

/** A series with its raw samples: times in ms since 1970, values as Prometheus has them. */
export interface Series {
  readonly labels: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** A query that has no usable response; the message names the remedy. */
export class PrometheusError extends Error {}

/** A response that takes longer, or is larger, has failed. */
const [timeoutMs, maxBytes] = [10_000, 33_554_432];

/** The address of a Prometheus, and the servers that may be read. */
export interface PrometheusAccess {
  readonly address: string;
  readonly servers: PrometheusServers;
}

/**
 * Evaluates a query at a time.
 * @throws {PrometheusError}
 */
export async function queryMatrix(
  access: PrometheusAccess,
  query: string,
  at: number,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  return ask(access, 'query', { query, time: toSeconds(at) }, signal);
}

/** Times of evaluation, in ms. */
export interface QueryTimes {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

/**
 * Evaluates a query at several times.
 * @throws {PrometheusError}
 */
export async function queryRange(
  access: PrometheusAccess,
  query: string,
  { from, to, stepMs }: QueryTimes,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  const times = { start: toSeconds(from), end: toSeconds(to), step: toSeconds(stepMs) };
  return ask(access, 'query_range', { query, ...times }, signal);
}

async function ask(
  { address, servers }: PrometheusAccess,
  path: 'query' | 'query_range',
  parameters: Record<string, string>,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  const base = new URL(address);
  const where = base.host;
  if (!servers.has(address)) {
    throw new PrometheusError(`this server may not read ${address}: add it to GRAYLANE_PROMETHEUS`);
  }
  const url = new URL(`${base.pathname.replace(/\/$/, '')}/api/v1/${path}`, base);
  const authorization = servers.authorizationOf(address);
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const body = new URLSearchParams(parameters);
    const response = await fetch(url, { method: 'POST', body, headers, signal: limited, redirect: 'manual' });
    return readMatrix(await readText(response), response.status, where);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PrometheusError) throw error;
    throw new PrometheusError(`Prometheus at ${where} ${reasonOf(error as Error)}`, { cause: error });
  }
}

function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > maxBytes)
      throw new PrometheusError(
        `the response has more than ${maxBytes} bytes: narrow the SLI with a selector`,
      );
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text;
}

/** A response of Prometheus' HTTP API. */
interface QueryResponse {
  readonly status?: unknown;
  readonly errorType?: unknown;
  readonly error?: unknown;
  readonly data?: { readonly resultType?: unknown; readonly result?: unknown };
}

function readMatrix(text: string, status: number, where: string): Series[] {
  let body: QueryResponse | null;
  try {
    body = JSON.parse(text) as QueryResponse | null;
  } catch {
    throw new PrometheusError(
      `${where} responds with status ${status} and no JSON: name the address of Prometheus`,
    );
  }
  if (status !== 200 || body?.status !== 'success') throw new PrometheusError(failureOf(body, status, where));
  const { resultType, result } = body.data ?? {};
  if (resultType !== 'matrix' || !Array.isArray(result))
    throw new PrometheusError(
      `Prometheus at ${where} responds with ${kindOf(resultType)} instead of a matrix`,
    );
  return (result as MatrixItem[]).map(({ metric = {}, values = [] }) => ({
    labels: new Map(Object.entries(metric)),
    samples: values.map(([seconds, value]) => ({ at: Math.round(seconds * 1000), value: Number(value) })),
  }));
}

/** Another kind of result, quoted if it is one of Prometheus. */
function kindOf(resultType: unknown): string {
  const known = ['scalar', 'string', 'vector'].find((kind) => kind === resultType);
  return known === undefined ? 'something else' : `"${known}"`;
}

/** The types of errors of Prometheus' HTTP API. */
const errorTypes: ReadonlySet<unknown> = new Set([
  'timeout',
  'canceled',
  'execution',
  'bad_data',
  'internal',
  'unavailable',
  'not_found',
  'not_acceptable',
]);

/** Explains a failure. Only errors of Prometheus' own form are quoted. */
function failureOf(body: QueryResponse | null, status: number, where: string): string {
  const { status: result, errorType, error } = body ?? {};
  if (result !== 'error' || !errorTypes.has(errorType) || typeof error !== 'string')
    return `${where} responds with status ${status}, and not as Prometheus does: name the address of Prometheus`;
  return `Prometheus at ${where} responds with ${status} ${String(errorType)}: ${error.slice(0, 300)}`;
}

interface MatrixItem {
  readonly metric?: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [seconds: number, value: string])[];
}

function reasonOf({ name, message, cause }: Error): string {
  if (name === 'TimeoutError') return `did not respond within ${timeoutMs / 1000} s`;
  const detail = cause instanceof Error ? cause.message || String(cause) : message;
  return `can't be reached (${detail}): check GRAYLANE_PROMETHEUS`;
}
