import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, describeWith } from '../components/components.ts';
import { kafka, startKafka, type Broker } from '../components/services/kafka.ts';
import { newest, newestInstallation } from '../components/tools/newest.ts';
import { prometheus, startPrometheus, type PrometheusServer } from '../components/services/prometheus.ts';
import { freePort } from '../support/supervised.ts';
import { startCollector, type CollectedSeries, type Collector } from '../support/collector.ts';
import { eventually, Shop, type Installation } from '../support/shop.ts';

const kafkaAndPrometheus = all(kafka, prometheus);
const newestKafkaAndPrometheus = all(newest, kafka, prometheus);

const atOnce = 20;
const lanes = ['baseline', 'gray', 'team-a'] as const;
const services = ['gateway', 'orders', 'payments', 'ledger'] as const;
type Service = (typeof services)[number];

/** A shop, and how many requests it gets. */
interface Scene {
  readonly requests: number;
  readonly kafka?: boolean;
  readonly prometheus?: boolean;
  /** Default: the workspace, on this Node. */
  readonly installation?: () => Installation;
}

// The shop as it starts without Kafka: its last hop is that of gRPC.
describe('the signals of the shop without Kafka', () => suite({ requests: 60 }));
await describeWith(kafkaAndPrometheus, 'the signals of the shop with Kafka and OpenTelemetry 2.x', () =>
  suite({ requests: 1000, kafka: true, prometheus: true }),
);
await describeWith(
  newestKafkaAndPrometheus,
  'the signals of the shop with Kafka on the newest Node, with OpenTelemetry 3.x',
  () => suite({ requests: 1000, kafka: true, prometheus: true, installation: newestInstallation }),
);

function suite({
  requests,
  kafka: withKafka = false,
  prometheus: scrapes = false,
  installation,
}: Scene): void {
  let broker: Broker | undefined;
  let collector: Collector;
  let shop: Shop;
  let scraper: PrometheusServer | undefined;
  /** The management port of each service that runs, as Prometheus names it. */
  const instances = new Map<Service, string>();
  /** The lane of each request, by its trace. */
  const laneOf = new Map<string, string>();

  const request = async (lane: string): Promise<string> => {
    const answer = await shop.checkout({ 'x-user-id': 'ada', 'x-tenant-id': lane });
    laneOf.set(answer.traceId, answer.lane);
    return answer.lane;
  };

  beforeAll(async () => {
    broker = withKafka ? await startKafka() : undefined;
    collector = await startCollector();
    for (const service of services) {
      if (service !== 'ledger' || withKafka) instances.set(service, `127.0.0.1:${await freePort()}`);
    }
    const ports = [...instances].map(([service, instance]) => [
      `${service.toUpperCase()}_MANAGEMENT_PORT`,
      instance.split(':')[1],
    ]);
    const environment = {
      ...(broker && { KAFKA_BROKERS: broker.brokers }),
      ...(scrapes && Object.fromEntries(ports)),
      GRAYLANE_LANES: 'gray,team-a',
      OTEL_METRICS_EXPORTER: scrapes ? 'otlp,prometheus' : 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    };
    shop = await Shop.open(environment, installation?.());
    // The scrapes take place between the requests.
    if (scrapes) scraper = await startPrometheus('shop', [...instances.values()], '2s');
    dyeByTenant(shop.flagsFile);
    await eventually(async () => expect(await request('team-a')).toBe('team-a'));
    const left = Array.from({ length: requests }, (_, index) => lanes[index % lanes.length] ?? 'baseline');
    while (left.length > 0) {
      const wave = left.splice(0, atOnce);
      expect(await Promise.all(wave.map(request))).toEqual(wave);
    }
  }, setUpMs);
  afterAll(async () => {
    await scraper?.close();
    await shop?.close();
    await collector?.close();
    await broker?.close();
  });

  /** The series of each hop that count its requests. */
  const hops = (): readonly HopSeries[] => [
    ['gateway', 'http.server.request.duration', { 'http.route': '/checkout' }],
    ['gateway', 'http.client.request.duration', { 'http.request.method': 'POST' }],
    ['orders', 'http.server.request.duration', { 'http.route': '/orders' }],
    ['orders', 'rpc.client.call.duration', { 'rpc.method': 'graylane.demo.Payments/Charge' }],
    ['payments', 'rpc.server.call.duration', { 'rpc.method': 'graylane.demo.Payments/Charge' }],
    ...(withKafka ? kafkaHops : []),
  ];

  const sent = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      lanes.map((lane) => [lane, [...laneOf.values()].filter((one) => one === lane).length]),
    );

  const collected = ([service, name, attributes]: HopSeries): readonly CollectedSeries[] =>
    collector
      .series()
      .filter((series) => series.service === service && series.name === name && fits(series, attributes));

  test('every span of every hop shows the lane of its request', async () => {
    const expected = ['gateway 2', 'gateway 3', 'orders 2', 'orders 3', 'payments 2'].concat(
      broker ? ['payments 4', 'ledger 5'] : [],
    );
    await eventually(async () => {
      const counts = new Map<string, number>();
      for (const { service, kind, traceId } of collector.spans) {
        if (laneOf.has(traceId)) {
          const hop = `${service} ${kind}`;
          counts.set(hop, (counts.get(hop) ?? 0) + 1);
        }
      }
      expect(Object.fromEntries(counts)).toEqual(
        Object.fromEntries(expected.map((hop) => [hop, laneOf.size])),
      );
    }, patienceMs);
    const wrong = collector.spans.filter(
      ({ traceId, attributes }) => laneOf.has(traceId) && attributes['lane'] !== laneOf.get(traceId),
    );
    expect(
      wrong.map(({ service, name, kind, attributes }) => [service, name, kind, attributes['lane']]),
    ).toEqual([]);
  });

  test('every series of a hop counts each request in its lane', async () => {
    await eventually(async () => {
      for (const hop of hops()) expect([hop, byLane(collected(hop), 'count')]).toEqual([hop, sent()]);
    }, patienceMs);
  });

  if (scrapes) {
    test('Prometheus and the collector have the same numbers', async () => {
      await eventually(async () => {
        for (const hop of hops()) {
          for (const part of ['count', 'sum'] as const) {
            const scraped = await scraper?.query(expressionOf(hop, part, instances));
            const pushed = byLane(collected(hop), part);
            expect([hop, part, scraped]).toEqual([hop, part, closeTo(pushed)]);
          }
          expect(await scraper?.query(expressionOf(hop, 'count', instances))).toEqual(sent());
        }
      }, patienceMs);
    });

    test('no series has a lane that is not known', async () => {
      const values = await scraper?.query('group by (lane) ({lane!=""})');
      expect(Object.keys(values ?? {}).toSorted()).toEqual(['baseline', 'gray', 'team-a']);
    });
  }

  test('every line that a hop logs shows lane and trace, at the collector, too', async () => {
    await eventually(async () => {
      for (const service of instances.keys()) {
        const printed = shop.logged.filter((line) => line['service'] === service);
        const seen = new Map(printed.map((line) => [line['trace_id'], line['lane']]));
        const exported = collector.logs.filter((line) => line.service === service && line.name === '');
        const received = new Map(exported.map(({ traceId, attributes }) => [traceId, attributes['lane']]));
        expect([service, seen]).toEqual([service, laneOf]);
        expect([service, received]).toEqual([service, laneOf]);
      }
    }, patienceMs);
  });

  test('every log record of a request shows its lane', async () => {
    await eventually(async () =>
      expect(new Set(collector.logs.map(({ service }) => service))).toContain('payments'),
    );
    // The evaluation of the dye rule comes before there is a lane.
    const inRequest = collector.logs.filter(
      ({ traceId, attributes }) => laneOf.has(traceId) && attributes['feature_flag.key'] !== 'lane',
    );
    expect(inRequest.length).toBeGreaterThan(0);
    expect(inRequest.filter(({ traceId, attributes }) => attributes['lane'] !== laneOf.get(traceId))).toEqual(
      [],
    );
  });

  test('ids and URLs are in no series', () => {
    const values = collector.series().flatMap(({ attributes }) => Object.values(attributes).map(String));
    expect(values.filter((value) => /^ada$|:\/\/|[0-9a-f]{32}/.test(value))).toEqual([]);
  });
}

type HopSeries = readonly [service: Service, name: string, attributes: Readonly<Record<string, string>>];

const kafkaHops: readonly HopSeries[] = [
  ['payments', 'messaging.client.operation.duration', { 'messaging.operation.name': 'send' }],
  ['ledger', 'messaging.process.duration', { 'messaging.consumer.group.name': 'graylane-demo-ledger' }],
];

/** The requests of a suite, on a machine that is slow, in milliseconds. */
const setUpMs = 600_000;

/** Covers a scrape and an export on such a machine. */
const patienceMs = 60_000;

/** Far above the rounding of a sum of doubles, and far below the part of one request. */
const relativeTolerance = 1e-6;

/** The dye rule for this test: the tenant is the lane. */
function dyeByTenant(file: string): void {
  const document = JSON.parse(readFileSync(file, 'utf8')) as { flags: Record<string, unknown> };
  document.flags['lane'] = {
    state: 'ENABLED',
    variants: { baseline: 'baseline', gray: 'gray', 'team-a': 'team-a' },
    defaultVariant: 'baseline',
    targeting: {
      if: [{ in: [{ var: 'tenant' }, ['gray', 'team-a']] }, { var: 'tenant' }],
    },
  };
  writeFileSync(file, JSON.stringify(document));
}

function fits({ attributes }: CollectedSeries, wanted: Readonly<Record<string, unknown>>): boolean {
  // OpenTelemetry's own series of undici has no lane, rather than a wrong one.
  return 'lane' in attributes && Object.entries(wanted).every(([name, value]) => attributes[name] === value);
}

function byLane(series: readonly CollectedSeries[], part: 'count' | 'sum'): Readonly<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const { attributes, [part]: value } of series) {
    const lane = String(attributes['lane']);
    values[lane] = (values[lane] ?? 0) + value;
  }
  return values;
}

/** The same series in Prometheus, where OpenTelemetry's exporter writes names without a unit. */
function expressionOf(
  [service, name, attributes]: HopSeries,
  part: 'count' | 'sum',
  instances: ReadonlyMap<Service, string>,
): string {
  const labels = Object.entries(attributes).map(([key, value]) => `${prometheusName(key)}="${value}"`);
  const selector = [`instance="${instances.get(service)}"`, 'lane!=""', ...labels].join(',');
  return `sum by (lane) (${prometheusName(name)}_${part}{${selector}})`;
}

function prometheusName(name: string): string {
  return name.replaceAll('.', '_');
}

/** Prometheus adds up in another order, so the last digits of a sum may differ. */
function closeTo(values: Readonly<Record<string, number>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(values).map(([lane, value]) => [lane, expect.toSatisfy(isAbout(value))]),
  );
}

function isAbout(expected: number): (value: number) => boolean {
  return (value) => Math.abs(value - expected) <= relativeTolerance * Math.abs(expected);
}
