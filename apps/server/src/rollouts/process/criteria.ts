import type { Criteria } from '@graylane/rollout';
import type { RolloutDefinition } from '../definition/definition.ts';
import { armsKeyAt, weightsToCalibrate } from './arms.ts';
import type { RolloutRecord } from './record.ts';

/** The criteria by which a rollout is judged. */
export function criteriaOf({
  id,
  definition,
  mode,
  attempt,
}: Pick<RolloutRecord, 'id' | 'definition' | 'mode' | 'attempt'>): Criteria {
  const { unit, guard } = definition;
  const { alpha = 0.05, margin, promoteMargin, minRequests, breaker, sampleRatio, slis } = guard;
  return {
    unit,
    slis: slis.map(({ name }) => name),
    // Arms with evidence of their own are tests of their own, which share alpha.
    alpha: alpha / testsOf(definition),
    mode,
    revision: `${id} ${attempt}`,
    ...(margin !== undefined && { margin }),
    ...(promoteMargin !== undefined && { promoteMargin }),
    ...(minRequests !== undefined && { minRequests }),
    ...(breaker !== undefined && { breaker }),
    ...(sampleRatio !== undefined && { sampleRatio }),
  };
}

/** How many bodies of evidence a rollout has from its first step to its last. */
function testsOf(definition: RolloutDefinition): number {
  const keys = [...definition.steps.map(({ weight }) => weight), ...weightsToCalibrate(definition)];
  return new Set(keys.map((weight) => armsKeyAt(definition, weight))).size;
}
