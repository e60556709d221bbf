import type { MetricRegistry } from '@graylane/telemetry/management';
import type { RolloutController, WatchedRollout } from '../rollouts/control/controller.ts';
import { weightsOf } from '../rollouts/process/arms.ts';

const states = ['scheduled', 'running', 'paused', 'promoted', 'rolled_back'] as const;
const reasons = ['data', 'evidence', 'schedule', 'obstacle'] as const;

/**
 * Records the verdicts of the rollouts that this server moves, which are those of the leader.
 * Returns a function that ends this.
 */
export function observeRollouts(
  rollouts: Pick<RolloutController, 'watched'>,
  registry: MetricRegistry,
): () => void {
  const gauge = (name: string, help: string) => registry.gauge(`graylane_rollout_${name}`, help);
  const evidence = gauge('log_e', 'ln E of each test, by SLI; "all" is what the verdict is about.');
  const threshold = gauge('log_e_threshold', 'The ln E at which a test rejects.');
  const looks = gauge('looks', 'Looks that were counted, A/A looks included.');
  const age = gauge('data_age_seconds', 'The age of the newest data, by its own time stamps.');
  const hold = gauge('hold', 'Whether the rollout holds for this kind of reason (1).');
  const state = gauge('state', 'Whether the rollout is in this state (1).');
  const weight = gauge('weight_percent', 'The share of gray and of control.');
  const alarms = gauge('false_alarms', 'Mock rollouts on the same code that paused or rolled back.');
  const mocks = gauge('mock_rollouts', 'Mock rollouts on the same code that have ended.');
  const known = new Set<string>();

  const set = ({ environment, record }: WatchedRollout): void => {
    const { id, definition, rollout, watch } = record;
    const labels = { environment, rollout: id, lane: definition.lane };
    known.add(id);
    for (const one of states) state({ ...labels, state: one }).set(rollout.state === one ? 1 : 0);
    for (const one of reasons) hold({ ...labels, reason: one }).set(watch.heldBy === one ? 1 : 0);
    const weights = weightsOf(record);
    for (const arm of ['gray', 'control'] as const) weight({ ...labels, arm }).set(weights[arm]);
    looks(labels).set(watch.looks);
    if (watch.ageMs !== undefined) age(labels).set(watch.ageMs / 1000);
    if (watch.falseAlarms !== undefined) {
      const { windows, pauses, rollbacks } = watch.falseAlarms;
      mocks(labels).set(windows);
      alarms({ ...labels, action: 'pause' }).set(pauses);
      alarms({ ...labels, action: 'rollback' }).set(rollbacks);
    }
    if (watch.verdict === undefined) return;
    const { total, slis } = watch.verdict;
    threshold(labels).set(total.threshold);
    for (const [sli, numbers] of [...Object.entries(slis), ['all', total] as const]) {
      for (const test of ['fast', 'robust', 'reverse'] as const)
        evidence({ ...labels, sli, test }).set(numbers[test]);
    }
  };

  return registry.onCollect(() => {
    const ended = new Set(known);
    for (const watched of rollouts.watched) {
      set(watched);
      ended.delete(watched.record.id);
    }
    for (const rollout of ended) {
      registry.remove({ rollout });
      known.delete(rollout);
    }
  });
}
