import { processWide } from '../process-wide.ts';
import { Ring } from './ring.ts';

/** One flag evaluation, without its value and without the subject it was made for. */
export interface Decision {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly flag: string;
  readonly variant?: string;
  readonly reason: string;
  readonly lane: string;
  readonly errorCode?: string;
  readonly traceId?: string;
}

/** The flag evaluations that `/debug/decisions` shows: the last 1,000. */
export function recentDecisions(): Ring<Decision> {
  return processWide('decisions', () => new Ring<Decision>(1000));
}
