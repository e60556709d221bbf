/** Upper ends of the buckets in seconds, as OpenTelemetry's HTTP conventions advise. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Requests of one lane since the last report. */
export interface LaneRequests {
  readonly lane: string;
  readonly requests: number;
  /** Seconds of the median request; others lie around it. */
  readonly median: number;
  /** The share of requests that fail, from 0 to 1. */
  readonly failing?: number;
}

/** A service that reports its durations to a flag server by OTLP, in cumulative histograms. */
export class ReportingService {
  readonly #url: string;
  readonly #name: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #started = Date.now();
  readonly #counts = new Map<string, number[]>();

  constructor(url: string, name: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#name = name;
    this.#headers = headers;
  }

  /** Counts requests, and sends all counts so far. */
  async report(lanes: readonly LaneRequests[]): Promise<void> {
    for (const { lane, requests, median, failing = 0 } of lanes) {
      const bad = Math.round(requests * failing);
      this.#add(lane, 200, requests - bad, median);
      this.#add(lane, 500, bad, median);
    }
    const response = await fetch(`${this.#url}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#headers },
      body: JSON.stringify(this.#message()),
    });
    if (!response.ok) throw new Error(`the server responded ${response.status}: ${await response.text()}`);
  }

  /** Spreads requests over the buckets around the median, the same way each time. */
  #add(lane: string, status: number, requests: number, median: number): void {
    const key = `${lane} ${status}`;
    const counts = this.#counts.get(key) ?? Array.from({ length: bounds.length + 1 }, () => 0);
    for (let index = 0; index < requests; index += 1) {
      const quantile = (index + 0.5) / requests;
      const seconds = median * Math.exp(0.8 * Math.log(quantile / (1 - quantile)) * 0.6);
      const bucket = bounds.findIndex((bound) => seconds <= bound);
      const at = bucket < 0 ? bounds.length : bucket;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    this.#counts.set(key, counts);
  }

  #message(): object {
    const nanos = (ms: number): string => `${ms}000000`;
    const dataPoints = [...this.#counts].map(([key, bucketCounts]) => {
      const [lane = '', status = ''] = key.split(' ');
      return {
        startTimeUnixNano: nanos(this.#started),
        timeUnixNano: nanos(Date.now()),
        attributes: [
          { key: 'lane', value: { stringValue: lane } },
          { key: 'http.route', value: { stringValue: '/charge' } },
          { key: 'http.request.method', value: { stringValue: 'POST' } },
          { key: 'http.response.status_code', value: { intValue: Number(status) } },
        ],
        count: bucketCounts.reduce((sum, one) => sum + one, 0),
        sum: bucketCounts.reduce((sum, one, index) => sum + one * (bounds[index] ?? 12), 0),
        bucketCounts,
        explicitBounds: bounds,
      };
    });
    const attributes = [
      { key: 'service.name', value: { stringValue: this.#name } },
      { key: 'service.instance.id', value: { stringValue: `${this.#name}-1` } },
    ];
    const metric = {
      name: 'http.server.request.duration',
      unit: 's',
      histogram: { aggregationTemporality: 2, dataPoints },
    };
    return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [metric] }] }] };
  }
}
