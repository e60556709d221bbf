import { faultOf } from '../counts.ts';
import type { Arms } from '../look.ts';
import { exceedances } from '../statistics/exceedances.ts';
import type { SliEvidence } from './evidence.ts';

/**
 * Counts of an instance lose this share per look, so that a defect which begins late is seen, too.
 */
const fading = 0.05;
/** Beyond, the instance with the fewest requests is dropped: the evidence stays small. */
const most = 32;
/** With fewer requests, the other instances can't be compared. */
const leastRest = 30;

/**
 * Adds the counts of the gray arm's instances. Faulty counts are left out, because the verdict
 * depends on the sums of the arms.
 */
export function countInstances(
  sli: SliEvidence,
  instances: Readonly<Record<string, Partial<Arms>>> | undefined,
): void {
  if (instances === undefined) return;
  const counted = new Map<string, number[]>();
  for (const [name, sums] of Object.entries(sli.instances)) {
    counted.set(
      name,
      sums.map((count) => count * (1 - fading)),
    );
  }
  for (const [name, arms] of Object.entries(instances)) {
    const gray = arms?.gray;
    if (gray === undefined || faultOf(gray) !== undefined) continue;
    const measured = exceedances(gray, sli.boundaries);
    if (typeof measured === 'string') continue;
    const own = [measured.total, ...measured.above];
    const before = counted.get(name) ?? [];
    counted.set(
      name,
      own.map((count, index) => (count || 0) + (before[index] ?? 0)),
    );
  }
  const kept = [...counted].toSorted(([, one], [, other]) => (other[0] ?? 0) - (one[0] ?? 0)).slice(0, most);
  sli.instances = Object.fromEntries(kept);
}

/** An instance that carries the difference at a boundary alone. */
export interface Carrier {
  readonly name: string;
  readonly share: number;
  /** Of the gray arm's other instances, and of the control arm. */
  readonly rest: number;
  readonly control: number;
}

/**
 * Finds a gray instance without which the gray arm does not differ from the control arm; undefined
 * if no such instance exists.
 */
export function carrierOf(sli: SliEvidence | undefined, boundary: number): Carrier | undefined {
  if (sli === undefined) return undefined;
  const all = Object.entries(sli.instances).map(([name, sums]) => ({
    name,
    total: sums[0] ?? 0,
    bad: sums[boundary + 1] ?? 0,
  }));
  if (all.length < 2) return undefined;
  const control = { total: 0, bad: 0 };
  for (const tally of sli.recent) {
    control.total += tally.control;
    control.bad += tally.controlAbove[boundary] ?? 0;
  }
  const [total, bad] = [sum(all.map((one) => one.total)), sum(all.map((one) => one.bad))];
  const whole = logOdds(bad, total) - logOdds(control.bad, control.total);
  for (const one of all) {
    const rest = { total: total - one.total, bad: bad - one.bad };
    if (rest.total < leastRest) continue;
    const difference = logOdds(rest.bad, rest.total) - logOdds(control.bad, control.total);
    const deviation = Math.sqrt(variance(rest.bad, rest.total) + variance(control.bad, control.total));
    const own = logOdds(one.bad, one.total) - logOdds(control.bad, control.total);
    if (own > whole && difference < 2 * deviation && difference < whole / 4) {
      return {
        name: one.name,
        share: one.bad / one.total,
        rest: rest.bad / rest.total,
        control: control.bad / control.total,
      };
    }
  }
  return undefined;
}

function logOdds(bad: number, total: number): number {
  return Math.log((bad + 0.5) / (total - bad + 0.5));
}

function variance(bad: number, total: number): number {
  return 1 / (bad + 0.5) + 1 / (total - bad + 0.5);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
