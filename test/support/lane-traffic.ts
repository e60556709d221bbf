import { setTimeout as pause } from 'node:timers/promises';

/** Requests of one arm that a report has. */
export interface ArmTraffic {
  readonly requests: number;
  readonly bad: number;
}

/** The same requests in each report, or others each time. */
export type ArmSource = ArmTraffic | (() => ArmTraffic);

/** The SLI that the traffic is measured by, in requests for rollouts. */
export const errorsSli = {
  name: 'payments errors',
  service: 'payments',
  metric: 'http.server.request.duration',
  kind: 'errors',
  bad: { 'http.response.status_code': '5..' },
} as const;

/**
 * Reports the requests of a gray lane and its control to flag servers by OTLP, again and again, as
 * an instance of payments would do. A server that is away misses a report.
 */
export class LaneTraffic {
  readonly #lane: string;
  readonly #urls: () => readonly string[];
  readonly #ending = new AbortController();
  readonly #sending: Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  gray: ArmSource;
  control: ArmSource;
  /** All requests so far, by lane and status code. */
  readonly #totals = new Map<string, number>();
  /** Reports that a server has taken. */
  taken = 0;

  constructor(urls: () => readonly string[], lane: string, arms: { gray: ArmSource; control: ArmSource }) {
    this.#urls = urls;
    this.#lane = lane;
    this.gray = arms.gray;
    this.control = arms.control;
    this.#sending = this.#send();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#sending;
    await Promise.all(this.#underWay);
  }

  /** All requests so far, as Prometheus scrapes them. */
  exposition(): string {
    const name = 'http_server_request_duration_seconds';
    const lines = [...this.#totals].flatMap(([labels, total]) =>
      ['0.1', '1', '+Inf'].map((le) => `${name}_bucket{${labels},le="${le}"} ${total}\n`),
    );
    return lines.join('');
  }

  async #send(): Promise<void> {
    const { signal } = this.#ending;
    for (let from = Date.now(); !signal.aborted;) {
      await pause(100, undefined, { signal }).catch(() => {});
      const to = Date.now();
      const body = JSON.stringify(this.#report(from, to));
      for (const url of this.#urls()) {
        const sending = this.#post(url, body).finally(() => this.#underWay.delete(sending));
        this.#underWay.add(sending);
      }
      from = to;
    }
  }

  /** A server that is frozen holds up no report to another one. */
  async #post(url: string, body: string): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(2000)]);
    const headers = { 'content-type': 'application/json' };
    const sent = await fetch(`${url}/v1/metrics`, { method: 'POST', headers, body, signal }).catch(
      () => undefined,
    );
    if (sent?.status === 200) this.taken += 1;
    await sent?.arrayBuffer().catch(() => {});
  }

  #count(lane: string, status: number, requests: number): void {
    const labels = `lane="${lane}",http_response_status_code="${status}"`;
    this.#totals.set(labels, (this.#totals.get(labels) ?? 0) + requests);
  }

  #report(from: number, to: number): object {
    const arms = [
      [this.#lane, this.gray],
      [`${this.#lane}-control`, this.control],
    ] as const;
    const dataPoints = arms.flatMap(([lane, source]) => {
      const { requests, bad } = typeof source === 'function' ? source() : source;
      this.#count(lane, 200, requests - bad);
      this.#count(lane, 503, bad);
      return [histogram(lane, 200, requests - bad, from, to), histogram(lane, 503, bad, from, to)];
    });
    const attributes = [
      attribute('service.name', 'payments'),
      attribute('service.instance.id', 'payments-1'),
    ];
    const metric = {
      name: errorsSli.metric,
      unit: 's',
      histogram: { aggregationTemporality: 1, dataPoints },
    };
    return {
      resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: {}, metrics: [metric] }] }],
    };
  }
}

function histogram(lane: string, status: number, count: number, from: number, to: number): object {
  return {
    attributes: [
      attribute('lane', lane),
      { key: 'http.response.status_code', value: { intValue: String(status) } },
    ],
    startTimeUnixNano: `${from}000000`,
    timeUnixNano: `${to}000000`,
    count: String(count),
    sum: count * 0.05,
    explicitBounds: [0.1, 1],
    bucketCounts: [String(count), '0', '0'],
  };
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}
