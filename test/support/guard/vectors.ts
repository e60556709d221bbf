import {
  bernoulliInterval,
  doubleStitchingBound,
  empiricalProcessBound,
  normalMixtureBound,
} from './reference.ts';

/** A published value of a bound, and what this implementation yields. */
export interface Vector {
  readonly name: string;
  readonly published: readonly number[];
  readonly here: readonly number[];
}

/** Values of `confseq` 0.0.11. */
export function vectors(): Vector[] {
  return [
    {
      name: '`double_stitching_bound(.5, 1000, .05, 100)`',
      published: [68.62803],
      here: [doubleStitchingBound(0.5, 1000, 0.05, 100)],
    },
    {
      name: '`empirical_process_lil_bound(1000, .05, 100)`',
      published: [0.08204769],
      here: [empiricalProcessBound(1000, 0.05, 100)],
    },
    {
      name: '`bernoulli_confidence_interval(700, 1000, .05, 100)`',
      published: [0.651629, 0.745949],
      here: bernoulliInterval(700, 1000, 0.05, 100),
    },
    {
      name: '`normal_mixture_bound(100, .05, 100)`',
      published: [27.66071],
      here: [normalMixtureBound(100, 0.05, 100)],
    },
  ];
}
