import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import {
  prometheus,
  startPrometheus,
  type PrometheusServer,
} from '../../../../test/components/services/prometheus.ts';
import type { LookQuestion } from '../../src/rollouts/evidence/look-source.ts';
import { increaseOf } from '../../src/rollouts/evidence/prometheus/counter-increase.ts';
import { PrometheusLooks } from '../../src/rollouts/evidence/prometheus/prometheus-looks.ts';
import { PrometheusServers } from '../../src/rollouts/evidence/prometheus/prometheus-servers.ts';

const to = Date.UTC(2026, 0, 1);
const from = to - 17_000;
const signal = new AbortController().signal;

describe('the increase of a counter', () => {
  test.each([
    [
      'from the last sample before the window',
      [
        [-20, 5],
        [-5, 8],
        [-3, 9],
      ],
      true,
      4,
    ],
    [
      'over a restart',
      [
        [-20, 100],
        [-10, 3],
        [-5, 4],
      ],
      true,
      4,
    ],
    [
      'from zero, if the target was scraped before',
      [
        [-10, 7],
        [-5, 9],
      ],
      true,
      9,
    ],
    [
      'from its first sample, if the target was not',
      [
        [-10, 7],
        [-5, 9],
      ],
      false,
      2,
    ],
    [
      'without samples after the window',
      [
        [-20, 1],
        [-5, 2],
        [5, 100],
      ],
      true,
      1,
    ],
  ] as const)('counts %s', (_case, samples, scrapedBefore, value) => {
    expect(increaseOf(series(samples), -15_000, 0, scrapedBefore)).toEqual({
      value,
      newest: -(samples.some(([at]) => at === -3) ? 3000 : 5000),
    });
  });

  test('is unknown without a sample in the window, or with one that is no count', () => {
    expect(increaseOf(series([[-20, 1]]), -15_000, 0, true)).toBeUndefined();
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(
        increaseOf(
          series([
            [-20, 1],
            [-5, value],
          ]),
          -15_000,
          0,
          true,
        ),
      ).toEqual({ fault: `a sample is ${value}, not a count` });
    }
  });

  function series(samples: readonly (readonly [seconds: number, value: number])[]) {
    return {
      labels: new Map<string, string>(),
      samples: samples.map(([seconds, value]) => ({ at: seconds * 1000, value })),
    };
  }
});

describe('a look at Prometheus', () => {
  let api: Server;
  let response: { status: number; body: string };
  let queries: string[];
  let authorizations: Array<string | undefined>;
  let looks: PrometheusLooks;

  beforeEach(async () => {
    queries = [];
    authorizations = [];
    api = createServer((request, answer) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        authorizations.push(request.headers.authorization);
        queries.push(new URLSearchParams(body).get('query') ?? '');
        answer.writeHead(response.status).end(response.body);
      });
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const { port } = api.address() as AddressInfo;
    const urls = [`http://ada:open%40sesame@127.0.0.1:${port}`, 'http://127.0.0.1:1/prometheus/'];
    looks = new PrometheusLooks(new PrometheusServers(urls));
  });
  afterEach(async () => {
    api.closeAllConnections();
    api.close();
    await once(api, 'close');
  });

  test('counts raw samples of all buckets', async () => {
    respond(
      both((lane) =>
        histogram({ service_name: 'payments', lane }, { 0.1: [3, 5], 1: [4, 8], '+Inf': [4, 9] }),
      ),
    );
    const { look, holds, ageMs } = await looks.look(question(), signal);
    expect(holds).toEqual([]);
    const counts = { kind: 'histogram', bounds: [0.1, 1], counts: [2, 2, 1] };
    expect(look).toEqual({ at: to - 2000, slis: { latency: { gray: counts, control: counts } } });
    expect(ageMs).toBe(5000);
    expect(queries).toEqual([
      '{__name__=~"rpc_server_call_duration_bucket|rpc_server_call_duration_count|rpc_server_call_duration_sum|rpc_server_call_duration_seconds_bucket|rpc_server_call_duration_seconds_count|rpc_server_call_duration_seconds_sum|rpc_server_call_duration_total",lane=~"gray|gray-control"}[315s]',
    ]);
  });

  test('finds a service by its job, and the series of a selector by that alone', async () => {
    const buckets = { 1: [0, 5], '+Inf': [0, 5] } as const;
    respond(both((lane) => histogram({ job: 'shop/payments', lane }, buckets)));
    expect((await looks.look(question(), signal)).look).toBeDefined();
    respond(both((lane) => histogram({ app: 'pay "v2"', lane }, buckets)));
    expect((await looks.look(question({ app: 'pay "v2"' }), signal)).look).toBeDefined();
    expect(queries.at(-1)).toContain('app="pay \\"v2\\""');
  });

  test.each([
    [
      'no series',
      () => success([]),
      /^latency: Prometheus has no requests of payments in rpc\.server\.call\.duration with the label lane="gray"/,
    ],
    [
      'a bad query',
      () => ({ status: 400, body: '{"status":"error","errorType":"bad_data","error":"parse error"}' }),
      /responds with 400 bad_data: parse error/,
    ],
    [
      'a timeout',
      () => ({ status: 503, body: '{"status":"error","errorType":"timeout","error":"query timed out"}' }),
      /responds with 503 timeout: query timed out/,
    ],
    ['a login page', () => ({ status: 200, body: '<html>' }), /no JSON: name the address of Prometheus/],
    ['null', () => ({ status: 200, body: 'null' }), /responds with status 200, and not as Prometheus/],
    [
      'the error of another server',
      () => ({ status: 500, body: '{"status":"error","errorType":"Secret","error":"opensesame"}' }),
      /^(?!.*(?:Secret|opensesame)).*responds with status 500, and not as Prometheus/,
    ],
    [
      'a result of another server',
      () => ({ status: 200, body: '{"status":"success","data":{"resultType":"opensesame","result":[]}}' }),
      /responds with something else instead of a matrix/,
    ],
    [
      'a vector',
      () => ({ status: 200, body: '{"status":"success","data":{"resultType":"vector","result":[]}}' }),
      /"vector" instead of a matrix/,
    ],
    [
      'NaN',
      () =>
        success(
          both((lane) =>
            histogram({ service_name: 'payments', lane }, { 1: [1, Number.NaN], '+Inf': [1, 2] }),
          ),
        ),
      /rpc_server_call_duration_seconds_bucket of payments: a sample is NaN, not a count/,
    ],
    [
      'a negative counter',
      () =>
        success(
          both((lane) => histogram({ service_name: 'payments', lane }, { 1: [-2, -1], '+Inf': [1, 2] })),
        ),
      /a sample is -2, not a count/,
    ],
    [
      'buckets that were not reset together',
      () =>
        success(both((lane) => histogram({ service_name: 'payments', lane }, { 1: [0, 9], '+Inf': [0, 5] }))),
      /a bucket has counted less than a smaller one/,
    ],
    [
      'two names of a metric',
      () =>
        success(
          both((lane) => [
            ...histogram({ service_name: 'payments', lane }, { '+Inf': [0, 5] }),
            ...histogram({ service_name: 'payments', lane }, { '+Inf': [0, 5] }, 'rpc_server_call_duration'),
          ]),
        ),
      /may be rpc_server_call_duration_seconds or rpc_server_call_duration: drop one of them/,
    ],
    [
      'two labels of a service',
      () =>
        success(
          both((lane) => [
            ...histogram({ service_name: 'payments', lane }, { '+Inf': [0, 5] }),
            ...histogram({ job: 'payments', lane }, { '+Inf': [0, 5] }),
          ]),
        ),
      /others with the job payments: name them with a selector/,
    ],
  ])('holds with the reason if there is %s', async (_case, make, message) => {
    response = make();
    const { look, holds } = await looks.look(question(), signal);
    expect([look, holds]).toEqual([undefined, [expect.stringMatching(message)]]);
  });

  test('holds if Prometheus can not be reached, and rejects if it is aborted', async () => {
    respond([]);
    const unreachable = { ...question(), source: { prometheus: 'http://127.0.0.1:1/prometheus' } };
    expect((await looks.look(unreachable, signal)).holds).toEqual([
      expect.stringMatching(
        /^Prometheus at 127\.0\.0\.1:1 can't be reached \(.*\): check GRAYLANE_PROMETHEUS$/,
      ),
    ]);
    const aborted = AbortSignal.abort(new Error('shutting down'));
    await expect(looks.look(question(), aborted)).rejects.toThrow('shutting down');
  });

  test.each([
    ['nothing', undefined],
    ['the beginning of a response', '{"status":"success","data":{"resultType":"matrix","result":['],
  ])('ends with the time of the look if Prometheus sends %s and hangs', async (_case, beginning) => {
    const hanging = createServer((_request, answer) => void (beginning && answer.write(beginning)));
    await once(hanging.listen(0, '127.0.0.1'), 'listening');
    const closed = once(hanging, 'request').then(async ([request]) => once(request.socket, 'close'));
    const { port } = hanging.address() as AddressInfo;
    const source = { prometheus: `http://127.0.0.1:${port}/` };
    const asking = new PrometheusLooks(new PrometheusServers([source.prometheus]));
    const looking = asking.look({ ...question(), source }, AbortSignal.timeout(300));
    await expect(looking).rejects.toThrow(/aborted due to timeout/);
    // Nothing waits for the response any more.
    await closed;
    hanging.close();
  });

  test('sends the user and password of the settings', async () => {
    respond([]);
    await looks.look(question(), signal);
    expect(authorizations).toEqual([`Basic ${Buffer.from('ada:open@sesame').toString('base64')}`]);
  });

  test('holds without a request if the settings do not have the address any more', async () => {
    const { port } = api.address() as AddressInfo;
    const source = { prometheus: `http://localhost:${port}/` };
    expect((await looks.look({ ...question(), source }, signal)).holds).toEqual([
      `this server may not read http://localhost:${port}/: add it to GRAYLANE_PROMETHEUS`,
    ]);
    expect(queries).toEqual([]);
  });

  test('does not count a window with faults later', async () => {
    respond(
      both((lane) => histogram({ service_name: 'payments', lane }, { 1: [1, Number.NaN], '+Inf': [1, 2] })),
    );
    await looks.look(question(), signal);
    respond(both((lane) => histogram({ service_name: 'payments', lane }, { 1: [1, 2], '+Inf': [1, 2] })));
    expect((await looks.look(question(), signal)).holds).toEqual([
      'the look is shorter than the time in which scrapes settle',
    ]);
  });

  test('has no last days if they can not be read', async () => {
    response = { status: 422, body: '{"status":"error","errorType":"execution","error":"too many samples"}' };
    const { lastDays, missing } = await looks.details(question(), signal);
    expect([lastDays, missing]).toEqual([
      [],
      [expect.stringMatching(/^latency has no last days: .* responds with 422 execution: too many samples$/)],
    ]);
  });

  function question(selector?: Readonly<Record<string, string>>): LookQuestion {
    const { port } = api.address() as AddressInfo;
    return {
      environment: 'default',
      source: { prometheus: `http://127.0.0.1:${port}/` },
      lane: 'gray',
      slis: [
        {
          name: 'latency',
          service: 'payments',
          metric: 'rpc.server.call.duration',
          kind: 'latency',
          ...(selector && { selector }),
        },
      ],
      from,
      to,
    };
  }

  function respond(result: readonly object[]): void {
    response = success(result);
  }
});

/** The series of both arms. */
function both(make: (lane: string) => readonly object[]): readonly object[] {
  return ['gray', 'gray-control'].flatMap(make);
}

/** The buckets of a histogram, each with a value before the window and one in it. */
function histogram(
  labels: Readonly<Record<string, string>>,
  buckets: Readonly<Record<string, readonly [before: number, after: number]>>,
  name = 'rpc_server_call_duration_seconds',
): readonly object[] {
  return Object.entries(buckets).map(([le, [before, after]]) => ({
    metric: { __name__: `${name}_bucket`, le, instance: 'a:1', ...labels },
    values: [
      [(from - 1000) / 1000, String(before)],
      [(to - 5000) / 1000, String(after)],
    ],
  }));
}

function success(result: readonly object[]): { status: number; body: string } {
  return { status: 200, body: JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }) };
}

await describeWith(prometheus, 'the same hour of the last days', () => {
  let server: PrometheusServer;
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const days = [1, 2, 9];

  beforeAll(async () => {
    server = await startPrometheus('payments', [], '1m', history(now, days));
  }, 60_000);
  afterAll(() => server.close());

  test('is that of Prometheus in all lanes, and no older than a week', async () => {
    const address = `${server.url}/`;
    const looks = new PrometheusLooks(new PrometheusServers([address]));
    const common = { service: 'pay.ments', metric: 'http.server.request.duration' };
    const bad = { 'http.response.status_code': '5..' };
    const asked: LookQuestion = {
      environment: 'default',
      source: { prometheus: address },
      lane: 'gray',
      slis: [
        { name: 'latency', ...common, kind: 'latency' },
        { name: 'errors', ...common, kind: 'errors', bad },
      ],
      from: now - 15_000,
      to: now,
    };
    await expect
      .poll(async () => (await looks.details(asked, signal)).lastDays, { timeout: 60_000 })
      .toHaveLength(4);
    const { lastDays = [], missing } = await looks.details(asked, signal);
    expect(missing).toBeUndefined();
    const hourOf = (day: number): number => now - day * 86_400_000 - 3_600_000;
    expect(lastDays.map(({ sli, at }) => [sli, at])).toEqual([
      ['latency', hourOf(2)],
      ['latency', hourOf(1)],
      ['errors', hourOf(2)],
      ['errors', hourOf(1)],
    ]);
    for (const { sli, requests, badRatio, p95 } of lastDays) {
      // Two lanes with 60 good and 20 bad requests a minute; Prometheus extrapolates to the hour.
      expect(requests).toBeGreaterThan(9000);
      expect(requests).toBeLessThan(10_000);
      if (sli === 'errors') expect(badRatio).toBeCloseTo(0.25, 3);
      else expect(p95).toBe(1);
    }
  });
});

/** An hour of samples on each of some days, in the format of OpenMetrics. */
function history(now: number, days: readonly number[]): string {
  const name = 'http_server_request_duration_seconds';
  const bucketLines: string[] = [];
  const countLines: string[] = [];
  for (const day of days.toSorted((one, other) => other - one)) {
    for (let minute = 0; minute <= 60; minute += 1) {
      const at = (now - day * 86_400_000 - (60 - minute) * 60_000) / 1000;
      for (const lane of ['gray', 'baseline']) {
        for (const [code, each] of [
          [200, 60],
          [503, 20],
        ] as const) {
          const labels = `job="shop/pay.ments",lane="${lane}",http_response_status_code="${code}"`;
          const total = each * minute;
          bucketLines.push(`${name}_bucket{${labels},le="0.1"} ${total / 2} ${at}`);
          bucketLines.push(`${name}_bucket{${labels},le="1"} ${total} ${at}`);
          bucketLines.push(`${name}_bucket{${labels},le="+Inf"} ${total} ${at}`);
          countLines.push(`${name}_count{${labels}} ${total} ${at}`);
        }
      }
    }
  }
  const bucketType = `# TYPE ${name}_bucket gauge`;
  return [bucketType, ...bucketLines, `# TYPE ${name}_count gauge`, ...countLines, '# EOF', ''].join('\n');
}
