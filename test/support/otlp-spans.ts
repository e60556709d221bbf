import { randomBytes } from 'node:crypto';

/** One call of a request: a service, what it serves, and the lane in which it does. */
export interface SpanCall {
  readonly service: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  readonly lane: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

const kinds = { server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** Sends one request as a trace by OTLP: each call is the parent of the next one. */
export async function sendTrace(
  url: string,
  calls: readonly SpanCall[],
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const traceId = randomBytes(16).toString('hex');
  const ids = calls.map(() => randomBytes(8).toString('hex'));
  const begin = Date.now() - 20 * calls.length;
  const resourceSpans = calls.map(({ service, name, kind, lane, attributes = {} }, index) => ({
    resource: { attributes: [attribute('service.name', service)] },
    scopeSpans: [
      {
        spans: [
          {
            traceId,
            spanId: ids[index],
            parentSpanId: ids[index - 1] ?? '',
            name,
            kind: kinds[kind],
            startTimeUnixNano: `${begin + index * 4}000000`,
            endTimeUnixNano: `${begin + 20 * calls.length - index * 4}000000`,
            attributes: [
              attribute('lane', lane),
              ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
            ],
          },
        ],
      },
    ],
  }));
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ resourceSpans }),
  });
  if (!response.ok) throw new Error(`the server responded ${response.status}: ${await response.text()}`);
}

function attribute(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}
