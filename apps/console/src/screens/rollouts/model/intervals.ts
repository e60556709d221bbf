import { duration, percent } from '../../../ui/numbers.ts';
import type { Bucket, Portion } from './rollout.ts';

const z = 1.96;

/** The share of bad requests with its 95 % interval (Wilson). */
export function shareWithInterval({ bad, total }: Portion): string {
  if (total === 0) return 'no requests';
  const share = bad / total;
  const centre = (share + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half =
    (z / (1 + (z * z) / total)) * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  return `${percent(share)} (${percent(Math.max(0, centre - half))}–${percent(centre + half)})`;
}

/** The ends of the bucket in which a quantile lies: "180–240 ms". */
export function bucketInWords([from, to]: Bucket): string {
  if (to === null) return `over ${duration(from)}`;
  return `${duration(from)}–${duration(to)}`;
}

/** A natural logarithm of an E-value as people read it: "E = 20". */
export function evidenceInWords(ln: number): string {
  if (ln >= 14) return `e^${ln.toFixed(0)}`;
  const value = Math.exp(ln);
  if (value >= 10) return value.toFixed(0);
  return value >= 0.01 ? String(Number(value.toPrecision(2))) : '< 0.01';
}
