import { printable } from '../codec/log-safe.ts';
import { findMember } from '../codec/parse.ts';
import type { BaggageEvent } from '../counters.ts';
import { laneFault } from '../lane/names.ts';
import { report, warnOnce } from '../report.ts';
import type { CompiledIngress } from './ingress.ts';
import type { MarkFault, Verdict } from './judge.ts';

/** Counts a mark, or pins, that a policy has refused, and logs the first of each kind. */
export function reportRefused(
  event: MarkFault & BaggageEvent,
  lane: string,
  { fault }: Verdict,
  { mode, logger }: CompiledIngress,
): void {
  if (fault === undefined) {
    report(
      event,
      'pins',
      () => `the pins of a request in lane "${lane}" were refused: their seal is ${event}`,
      logger,
    );
    return;
  }
  const shown = printable(lane);
  report(
    event,
    mode,
    () => `a request in lane "${shown}" runs in baseline: ${remedies[event](lane)}`,
    logger,
  );
}

const remedies: Readonly<Record<MarkFault, (lane: string) => string>> = {
  forged: () =>
    'its seal is missing, or not made with one of the signing keys for this audience: give this service the key and the audience of the edge that signs',
  rejected: () =>
    'its seal is malformed: a service on the way has changed it, or writes another version of it',
  expired: () =>
    'its mark has expired: raise the ttlSeconds of the edge, or check the clocks if the request is new',
  invalid: (lane) => printable(laneFault(lane)),
  unknown: () => 'ingress.lanes does not have this lane: add it, or let the edge stop dyeing with it',
  killed: () =>
    'the lane is killed, by GRAYLANE_KILL or at the flag server: lift the kill to let requests in again',
  looped: () =>
    'it has passed more services than ingress.maxHops allows: look for a loop of calls, or raise maxHops',
};

/** Logs once that a lane was malformed, or beyond the limits; its member is counted already. */
export function warnOfUnread({ mode, laneKey, logger }: CompiledIngress): void {
  warnOnce(
    `unread ${mode}`,
    () =>
      `a request runs in baseline, since its member "${laneKey}" can't be read: it is malformed, or the header is longer than 65536 characters; look for code that writes the header by hand`,
    logger,
  );
}

/** Logs once that a policy has removed a lane because it admits none. */
export function warnOfStripped(header: string, { mode, laneKey, admitsLane, logger }: CompiledIngress): void {
  if (mode !== 'verify' && admitsLane) return;
  warnOnce(
    `stripped ${mode}`,
    () => {
      if (mode === 'verify')
        return `a request came without "${laneKey}" and its seal, so it runs in baseline and none of its baggage is admitted: call this service through an edge that signs`;
      return `a request came with a lane, and the ingress policy removed it: ${advice[mode](laneKey)}`;
    },
    logger,
    () => mode === 'verify' || findMember(header, laneKey) !== undefined,
  );
}

const advice = {
  strip: () =>
    'that is right at an edge; inside of the mesh use { mode: "verify" }, or { mode: "accept" } if all callers are trusted',
  accept: (laneKey: string) => `add "${laneKey}" to ingress.keys`,
} satisfies Record<'strip' | 'accept', (laneKey: string) => string>;
