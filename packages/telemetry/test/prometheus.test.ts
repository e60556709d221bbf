import { durationBoundaries } from '@graylane/telemetry';
import { managementServer, processRegistry } from '@graylane/telemetry/management';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import {
  prometheus,
  startPrometheus,
  type PrometheusServer,
} from '../../../test/components/services/prometheus.ts';

const management = managementServer({ port: 0, crash: false, heapSampling: false });
let server: PrometheusServer;
let url = '';

await describeWith(prometheus, 'a Prometheus that scrapes the management port', () => {
  beforeAll(async () => {
    server = await startPrometheus('graylane', [new URL((await management.listening) ?? '').host]);
    url = `${server.url}/api/v1`;
  });

  afterAll(async () => {
    await server.close();
    await management.close();
  });

  test('reads histograms, counters and exemplars', async () => {
    const durations = processRegistry().histogram(
      'work_seconds',
      'Work.\nOf two "lines" and a \\.',
      durationBoundaries,
    );
    const series = durations({ lane: 'gray', odd: 'quotes " and \\ and\nlines' });
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
    for (const seconds of [0.0005, 0.3, 0.3, 60]) series.observe(seconds, span);
    processRegistry().counter('done_total', 'Done.')({ lane: 'gray' }).add(5);

    await expect.poll(async () => value('work_seconds_count{lane="gray"}')).toBe(4);
    expect(await value('done_total{lane="gray"}')).toBe(5);
    expect(await value('histogram_quantile(0.5, work_seconds_bucket{lane="gray"})')).toBeCloseTo(0.3, 1);
    expect(await value('up{job="graylane"}')).toBe(1);
    const exemplars = await get(`query_exemplars?query=work_seconds_bucket&start=0&end=4102444800`);
    expect(JSON.stringify(exemplars)).toContain(span.traceId);
    const labels = JSON.stringify(await get('series?match[]=work_seconds_count'));
    expect(labels).toContain(JSON.stringify('quotes " and \\ and\nlines'));
  });
});

async function value(query: string): Promise<number | undefined> {
  const data = (await get(`query?query=${encodeURIComponent(query)}`)) as
    | { result: { value: [number, string] }[] }
    | undefined;
  const [first] = data?.result ?? [];
  return first && Number(first.value[1]);
}

async function get(path: string): Promise<unknown> {
  try {
    return ((await (await fetch(`${url}/${path}`)).json()) as { data?: unknown }).data;
  } catch {
    // Prometheus is still starting.
    return undefined;
  }
}
