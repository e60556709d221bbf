import type { RolloutDefinition } from '../definition/definition.ts';

/** The shares of the eligible units, in percent; the rest is baseline. */
export interface Weights {
  readonly gray: number;
  readonly control: number;
}

export const noWeights: Weights = { gray: 0, control: 0 };

/**
 * The arms at the weight of a step. The control is as large as gray while that is possible. At 100
 * it has `bakeWeight`, and gray does not shrink on the way there.
 */
export function weightsAt(weight: number, bakeWeight: number): Weights {
  const gray = Math.min(weight, exact(100 - bakeWeight));
  return { gray, control: Math.min(weight, exact(100 - gray)) };
}

/**
 * The sum of all buckets: hundredths of a percent, or percent if no weight of the rollout has
 * decimals. It stays the same as weights move, so that boundaries of buckets are comparable.
 */
export function totalOf({ steps, bakeWeight }: Pick<RolloutDefinition, 'steps' | 'bakeWeight'>): number {
  const weights = [bakeWeight, ...steps.map(({ weight }) => weight)];
  return weights.every((weight) => Number.isInteger(weight)) ? 100 : 10_000;
}

/** A difference of weights without the noise of binary fractions. */
function exact(weight: number): number {
  return Math.round(weight * 100) / 100;
}
