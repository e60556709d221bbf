import type { ServerClient } from '@graylane/source';
import type { Intake } from '../signals/intake.ts';
import type { UsageSample } from '../usage/flag-usage.ts';
import { samplesOf } from '../usage/usage-report.ts';

/** How often the sums are sent, in milliseconds, and how many of them wait at most. */
const [periodMs, maxRows] = [60_000, 10_000];
const timeoutMs = 10_000;

/** One sum: the evaluations of a flag in a service with the same outcome. */
type Row = Omit<UsageSample, 'at'>;

/**
 * Sums the usage that the clients of a relay report, and sends the sums to the upstream server in
 * the form of a provider's report. Sums that could not be sent are sent with the next ones.
 */
export class UsageForwarder {
  readonly #client: ServerClient;
  readonly #end: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #instance: string;
  #rows = new Map<string, Row>();
  #since = Date.now();
  #sending: Promise<void> = Promise.resolve();

  constructor(
    { environment, instance, client }: { environment: string; instance: string; client: ServerClient },
    intake: Intake,
    everyMs: number = periodMs,
  ) {
    this.#client = client;
    this.#instance = instance;
    this.#end = intake.onMetrics(
      (received) => {
        for (const { at: _at, ...row } of samplesOf(received)) this.#add(row);
      },
      { environment },
    );
    this.#timer = setInterval(() => void this.#flush(), everyMs).unref();
  }

  /** Sends what is left, for two seconds at most. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#end();
    await this.#flush(2000);
  }

  #flush(ms: number = timeoutMs): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send(ms));
    return this.#sending;
  }

  #add(row: Row): void {
    const key = JSON.stringify([row.service, row.flagKey, row.variant, row.lane, row.rule]);
    const before = this.#rows.get(key);
    if (before === undefined && this.#rows.size >= maxRows) return;
    this.#rows.set(key, { ...row, count: row.count + (before?.count ?? 0) });
  }

  async #send(ms: number): Promise<void> {
    if (this.#rows.size === 0) return;
    const rows = [...this.#rows.values()];
    const now = Date.now();
    this.#rows = new Map();
    const json = reportOf(rows, this.#instance, this.#since, now);
    const { failure } = await this.#client.post('v1/metrics', json, { timeoutMs: ms, keepsAlive: false });
    if (failure === undefined) this.#since = now;
    else for (const row of rows) this.#add(row);
  }
}

/** OTLP's `AggregationTemporality`. */
const delta = 1;

function reportOf(rows: readonly Row[], instance: string, fromMs: number, toMs: number): string {
  const services = [...new Set(rows.map(({ service }) => service))];
  const times = { startTimeUnixNano: `${fromMs}000000`, timeUnixNano: `${toMs}000000` };
  const resourceMetrics = services.map((service) => {
    const dataPoints = rows
      .filter((row) => row.service === service)
      .map((row) => ({ ...times, asInt: String(row.count), attributes: attributesOf(row) }));
    const sum = { aggregationTemporality: delta, isMonotonic: true, dataPoints };
    const metrics = [{ name: 'graylane.flag.evaluations', unit: '{evaluation}', sum }];
    const attributes = [attribute('service.name', service), attribute('service.instance.id', instance)];
    return { resource: { attributes }, scopeMetrics: [{ scope: { name: 'graylane-relay' }, metrics }] };
  });
  return JSON.stringify({ resourceMetrics });
}

function attributesOf({ flagKey, variant, lane, rule }: Row): object[] {
  return [
    attribute('feature_flag.key', flagKey),
    ...(variant === undefined ? [] : [attribute('feature_flag.result.variant', variant)]),
    ...(lane === undefined ? [] : [attribute('lane', lane)]),
    ...(rule === undefined ? [] : [attribute('graylane.rule.id', rule)]),
  ];
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}
