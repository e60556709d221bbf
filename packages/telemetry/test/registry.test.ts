import { MetricRegistry } from '@graylane/telemetry/management';
import { expect, test } from 'vitest';

test('a registry removes the series that have some labels, of all families', () => {
  const registry = new MetricRegistry();
  const [state, looks] = [registry.gauge('state', 'State.'), registry.counter('looks_total', 'Looks.')];
  for (const rollout of ['r1', 'r2']) {
    state({ rollout, lane: 'gray' }).set(1);
    looks({ rollout }).add();
  }
  looks().add();
  registry.remove({ rollout: 'r1' });
  const left = registry
    .collect()
    .map(({ name, series }) => [name, [...series.values()].map(({ labels }) => labels)]);
  expect(left).toEqual([
    ['state', [{ rollout: 'r2', lane: 'gray' }]],
    ['looks_total', [{ rollout: 'r2' }, {}]],
  ]);
});
