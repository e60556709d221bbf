import type { CompleteCriteria } from '../criteria.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { carrierOf } from '../evidence/instances.ts';
import { faultOfAssigned, type Look } from '../look.ts';
import { findBreach } from './breaker.ts';
import { describe } from './describe.ts';
import { whyNotPromote, whyOnlyPause, whyWanders } from './reasons.ts';
import {
  breachSentence,
  calmSentence,
  carrierSentence,
  differenceSentence,
  promotionSentence,
  sampleRatioSentence,
} from './sentences.ts';
import { worstBoundary } from './summarize.ts';
import { totalsOf, type Totals } from './totals.ts';
import type { Action, Verdict } from './verdict.ts';

/** A look that was added to the evidence. */
export interface Question {
  readonly evidence: Evidence;
  readonly look: Look;
  readonly totals: Totals;
  /** How many SLIs this look could measure. */
  readonly measured: number;
  /** The faults of the look. */
  readonly holds: readonly string[];
  readonly criteria: CompleteCriteria;
}

/** The action, and the reason why it is not a stronger one. */
interface Decision {
  readonly would: Action;
  /** Returns the sentence: most looks are simulated, and need none. */
  readonly because: () => string;
  readonly sli?: string;
  readonly hold?: string;
}

/** The verdict on a look that was added to the evidence. */
export function verdictOn(question: Question): Verdict {
  const { evidence, totals, criteria } = question;
  const { because, ...decision } = decide(question);
  return { ...decision, because: because(), ...describe(evidence, totals, criteria) };
}

/** The action on a look that was added to the evidence. */
export function decide(
  question: Question,
): Pick<Verdict, 'action' | 'would' | 'sli' | 'holds'> & Pick<Decision, 'because'> {
  const { criteria } = question;
  const { hold, ...decision } = byBreaker(question) ?? byAssignment(question) ?? byTests(question);
  const action = capped(decision.would, criteria.mode);
  const holds = hold === undefined ? [...question.holds] : [...question.holds, hold];
  if (action !== decision.would) holds.push(`mode "${criteria.mode}" turns ${decision.would} into ${action}`);
  return { action, ...decision, holds };
}

/** The verdict on a look that was not added. */
export function ignored(evidence: Evidence, why: string, criteria: CompleteCriteria): Verdict {
  const totals = totalsOf(evidence, criteria.slis ?? evidence.names ?? [], criteria);
  return {
    action: 'hold',
    would: 'hold',
    because: why,
    holds: [why],
    ...describe(evidence, totals, criteria),
  };
}

/** Absolute limits need no other look and no control. They do not judge baseline code. */
function byBreaker({ look, criteria }: Question): Decision | undefined {
  const found = look.sameCode === true ? undefined : findBreach(look, criteria.breaker);
  if (found === undefined) return undefined;
  const { sli, breach, both } = found;
  const because = (): string => breachSentence(sli, breach);
  if (!both) return { would: 'rollback', because, sli };
  const hold = `${sli}: the control arm breaks the limit, too, so the release need not be the cause`;
  return { would: 'pause', because, sli, hold };
}

/** Looks in which the arms cannot be compared, or must not be. */
function byAssignment({ evidence, look, totals, measured, holds, criteria }: Question): Decision | undefined {
  const { sampleRatio, requests } = totals;
  const hold = (why: string): Decision => ({ would: 'hold', because: () => why, hold: why });
  if (sampleRatio.evidence >= sampleRatio.threshold) {
    const would = look.sameCode === true ? 'hold' : criteria.sampleRatio;
    return { ...hold(sampleRatioSentence(sampleRatio)), would };
  }
  if (look.sameCode === true) {
    return hold(`A/A look ${evidence.calibrated?.looks ?? 0}: both arms run the same code`);
  }
  if (measured === 0) return { would: 'hold', because: () => holds[0] ?? 'the look has no SLI' };
  if (Math.min(requests.gray, requests.control) >= criteria.minRequests) return undefined;
  return hold(
    `gray has ${requests.gray} requests and control ${requests.control} since the release began; each needs ${criteria.minRequests}`,
  );
}

/** The robust test may roll back, the fast one pauses, the reverse one promotes. */
function byTests({ evidence, look, totals, holds, criteria }: Question): Decision {
  const { summaries, total } = totals;
  const test = (['robust', 'fast'] as const).find((one) => total[one] >= total.threshold);
  if (test === undefined) {
    const hold = faultOfAssigned(look.assigned) ?? whyNotPromote(evidence, totals, criteria, holds);
    if (hold !== undefined) return { would: 'hold', because: () => calmSentence(summaries, total), hold };
    return { would: 'promote', because: () => promotionSentence(summaries, total, criteria.promoteMargin) };
  }
  const worst = summaries.reduce((one, other) => (other[test] > one[test] ? other : one));
  const found = { because: () => differenceSentence(worst, test, total), sli: worst.name };
  const carrier = carrierOf(worst.sli, worstBoundary(worst));
  if (carrier !== undefined) return { would: 'hold', ...found, hold: carrierSentence(worst.name, carrier) };
  if (test === 'fast') return { would: 'pause', ...found };
  const hold = whyOnlyPause(evidence, totals, criteria) ?? whyWanders(evidence, worst, criteria);
  return hold === undefined ? { would: 'rollback', ...found } : { would: 'pause', ...found, hold };
}

/**
 * `report` does nothing, `pause` pauses instead of rolling back. Both leave promotions and holds as
 * they are.
 */
function capped(would: Action, mode: CompleteCriteria['mode']): Action {
  if (mode === 'report') return 'hold';
  return mode === 'pause' && would === 'rollback' ? 'pause' : would;
}
