import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { openEnvironments } from '../../src/compose/open-environments.ts';
import { otlpRoutes, type OtlpOptions } from '../../src/protocols/otlp/routes.ts';
import { signalOf } from '../../src/protocols/otlp/signal.ts';
import { Intake, type MetricsReceived, type SpansReceived } from '../../src/signals/intake.ts';
import type { MetricPoint } from '../../src/signals/metric-point.ts';
import type { SpanRecord } from '../../src/signals/span-record.ts';

/** The receiver of OTLP on a port of its own, with all that it delivered. */
export interface Receiver {
  readonly url: string;
  readonly intake: Intake;
  readonly metrics: readonly MetricsReceived[];
  readonly spans: readonly SpansReceived[];
  points(name?: string): MetricPoint[];
  allSpans(): SpanRecord[];
  close(): Promise<void>;
}

type Limits = Pick<OtlpOptions, 'maxBodyBytes' | 'maxHeldBytes'>;

/** Starts a receiver whose only environment is `default`. */
export async function startReceiver(limits: Limits = {}): Promise<Receiver> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-otlp-`);
  writeFileSync(`${folder}/flags.json`, '{"flags":{}}');
  const log = { info: () => {}, warn: () => {} };
  const environments = await openEnvironments({ source: { flags: `${folder}/flags.json` } }, log);
  const intake = new Intake(log);
  const metrics: MetricsReceived[] = [];
  const spans: SpansReceived[] = [];
  intake.onMetrics((received) => metrics.push(received));
  intake.onSpans((received) => spans.push(received));
  const serve = otlpRoutes({ environments, intake, log, ...limits });
  const server = createServer((request, response) => {
    if (signalOf(request.url) === undefined) response.writeHead(404).end();
    else serve(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intake,
    metrics,
    spans,
    points: (name) =>
      metrics.flatMap(({ points }) => points).filter((point) => name === undefined || point.name === name),
    allSpans: () => spans.flatMap((received) => received.spans),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await environments.close();
      rmSync(folder, { recursive: true });
    },
  };
}
