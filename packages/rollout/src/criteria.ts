import { RolloutError } from './rollout-error.ts';

/** The criteria by which a release is judged. */
export interface Criteria {
  /** The unit that is assigned to an arm and stays there. */
  readonly unit: 'request' | 'user' | 'tenant';
  /** The SLIs that count; others in a look are ignored. Default: those of the first look. */
  readonly slis?: readonly string[];
  /**
   * The probability of a false rollback, however often the evidence is looked at; the same for a
   * false pause. Default: .05.
   */
  readonly alpha?: number;
  /** The odds ratio, gray over control, that the fast test tolerates. Default: 1.1. */
  readonly margin?: number;
  /** The odds ratio that a promotion must exclude. Default: 1.5. */
  readonly promoteMargin?: number;
  /** Absolute limits by SLI. They need neither a control nor a calibration. */
  readonly breaker?: Readonly<Record<string, Breaker>>;
  /** The strongest action of the guard: only report, pause, or act. Default: `act`. */
  readonly mode?: 'report' | 'pause' | 'act';
  /** Requests that each arm needs since the release began before a test may act. Default: 100. */
  readonly minRequests?: number;
  /** The action if units are not assigned in the expected proportion. Default: `hold`. */
  readonly sampleRatio?: 'hold' | 'pause' | 'rollback';
  /**
   * The revision under test. A new one resets the evidence and keeps the calibration of the same
   * members.
   */
  readonly revision?: string;
}

/**
 * A limit of the gray arm alone, broken when one look's lower bound of the share (99.9 %) exceeds
 * it.
 */
export interface Breaker {
  /** The greatest share of bad requests, of an SLI that counts errors. */
  readonly badRatio?: number;
  /** Seconds; together with `share`, of an SLI that measures durations. */
  readonly slowerThan?: number;
  /** The greatest share of requests slower than `slowerThan`. Default: .5. */
  readonly share?: number;
}

/** The criteria with their defaults. */
export type CompleteCriteria = Required<Omit<Criteria, 'slis' | 'revision'>> &
  Pick<Criteria, 'slis' | 'revision'>;

/**
 * Fills in the defaults.
 * @throws {RolloutError} if a value is not allowed.
 */
export function completeCriteria(criteria: Criteria): CompleteCriteria {
  const complete = {
    alpha: 0.05,
    margin: 1.1,
    promoteMargin: 1.5,
    breaker: {},
    mode: 'act',
    minRequests: 100,
    sampleRatio: 'hold',
    ...withoutUndefined(criteria),
  } as CompleteCriteria;
  const { unit, alpha, margin, promoteMargin, mode, minRequests, sampleRatio } = complete;
  oneOf('unit', unit, ['request', 'user', 'tenant']);
  oneOf('mode', mode, ['report', 'pause', 'act']);
  oneOf('sampleRatio', sampleRatio, ['hold', 'pause', 'rollback']);
  between('alpha', alpha, alpha > 0 && alpha < 0.5, 'a number between 0 and .5, e.g. .05');
  between('margin', margin, margin >= 1, 'an odds ratio of at least 1, e.g. 1.1');
  between('promoteMargin', promoteMargin, promoteMargin > 1, 'an odds ratio above 1, e.g. 1.5');
  between('minRequests', minRequests, minRequests >= 0, 'a count, e.g. 100');
  return complete;
}

function withoutUndefined(criteria: Criteria): Partial<Criteria> {
  return Object.fromEntries(Object.entries(criteria).filter(([, value]) => value !== undefined));
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  const list = allowed.map((one) => `"${one}"`).join(', ');
  throw new RolloutError(
    'invalid_criteria',
    `criteria.${name} is ${JSON.stringify(value)}: use one of ${list}`,
  );
}

function between(name: string, value: number, holds: boolean, allowed: string): void {
  if (holds) return;
  throw new RolloutError('invalid_criteria', `criteria.${name} is ${String(value)}: use ${allowed}`);
}
