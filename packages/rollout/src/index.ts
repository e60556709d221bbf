export { judge } from './judge.ts';
export { assessCalibration, type CalibrationWorth } from './evidence/assess-calibration.ts';
export { advance, type Rollout, type Step } from './advance.ts';
export type { Action, Bucket, Portion, SliVerdict, Verdict } from './verdict/verdict.ts';
export type { Arms, Look } from './look.ts';
export type { Counts, ExponentialHistogram, Histogram, Ratio } from './counts.ts';
export type { Breaker, Criteria } from './criteria.ts';
export type { Evidence } from './evidence/evidence.ts';
export { RolloutError } from './rollout-error.ts';
