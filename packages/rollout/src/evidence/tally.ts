import type { Exceedances } from '../statistics/exceedances.ts';

/** Requests of both arms over some looks, in all and above each boundary. */
export interface Tally {
  /** When the first of the looks ended, in ms since 1970. */
  since: number;
  looks: number;
  gray: number;
  control: number;
  grayAbove: number[];
  controlAbove: number[];
}

export function newTally(boundaries: number): Tally {
  const zeros = (): number[] => Array.from({ length: boundaries }, () => 0);
  return { since: 0, looks: 0, gray: 0, control: 0, grayAbove: zeros(), controlAbove: zeros() };
}

export function copyTally(from: Tally): Tally {
  return { ...from, grayAbove: from.grayAbove.slice(), controlAbove: from.controlAbove.slice() };
}

export function addToTally(tally: Tally, at: number, gray: Exceedances, control: Exceedances): void {
  if (tally.looks === 0) tally.since = at;
  tally.looks += 1;
  tally.gray += gray.total;
  tally.control += control.total;
  for (let j = 0; j < tally.grayAbove.length; j += 1) {
    (tally.grayAbove[j] as number) += gray.above[j] || 0;
    (tally.controlAbove[j] as number) += control.above[j] || 0;
  }
}
