import type { RolloutDefinition } from '../definition/definition.ts';
import { noWeights, weightsAt, type Weights } from '../targeting/weights.ts';
import type { RolloutRecord } from './record.ts';

/** The shares of the arms in a rollout's state. */
export function weightsOf({ definition, rollout, calibrating, ended }: RolloutRecord): Weights {
  const { steps, bakeWeight } = definition;
  switch (rollout.state) {
    case 'scheduled':
    case 'rolled_back':
      return noWeights;
    case 'promoted':
      return ended ? { gray: 100, control: 0 } : weightsAt(100, bakeWeight);
    default: {
      const weight = steps[rollout.step - 1]?.weight ?? calibrating[0] ?? steps[0]?.weight ?? 0;
      return weightsAt(weight, bakeWeight);
    }
  }
}

/**
 * Which evidence belongs to the arms of a state. Requests are drawn anew, so that the arms of all
 * steps are alike; users and tenants stay, so that arms of another size have other members, and
 * their evidence, and A/A looks, are their own.
 */
export function armsKey(record: RolloutRecord): string {
  return armsKeyAt(record.definition, weightsOf(record).gray);
}

/** As {@link armsKey}, for a weight. */
export function armsKeyAt({ unit }: RolloutDefinition, gray: number): string {
  return unit === 'request' ? 'requests' : `${gray} %`;
}

/** The weights at which the arms need A/A looks before the first step. */
export function weightsToCalibrate({
  unit,
  steps,
  bakeWeight,
  standing,
}: RolloutDefinition): readonly number[] {
  const all = steps.map(({ weight }) => weight);
  const largest = Math.min(50, Math.max(...all));
  if (standing || unit === 'request') return [largest];
  // At 100 % the control is too small for a test; the steps before have shown the evidence.
  const judged = all.filter((weight) => weight < 100 - bakeWeight);
  return judged.length > 0 ? judged : [largest];
}
