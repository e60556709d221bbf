import type { Hop } from './hop.ts';

/** How often the calls of a lane lost their dye, or got one that they did not have. */
export interface Lapses {
  /** A dyed caller, and a callee that saw no dye, or another one. */
  readonly escaped: number;
  /** An undyed caller, and a callee in a lane that it did not choose itself. */
  readonly leaked: number;
  /** A dyed request, served by an instance that runs for another lane. */
  readonly fallback: number;
}

export type Lapse = keyof Lapses;

const baseline = 'baseline';

/** What went wrong with the dye of a call; undefined if nothing did, or a lane is not known. */
export function lapseOf(caller: Hop, callee: Hop): Lapse | undefined {
  const { lane } = callee;
  if (caller.lane === undefined || lane === undefined) return undefined;
  if (caller.lane !== lane) {
    if (caller.lane !== baseline) return 'escaped';
    return callee.isDyed ? undefined : 'leaked';
  }
  const { instanceLane } = callee;
  return lane !== baseline && instanceLane !== undefined && instanceLane !== lane ? 'fallback' : undefined;
}

/** The lane that a lapse is counted for: the dye that was lost, or that came from nowhere. */
export function laneOfLapse(lapse: Lapse, caller: Hop, callee: Hop): string {
  return (lapse === 'leaked' ? callee.lane : caller.lane) ?? baseline;
}
