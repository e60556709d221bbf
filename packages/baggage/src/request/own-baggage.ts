import type { Baggage } from '@opentelemetry/api';
import { CellBaggage } from './cell-baggage.ts';
import { W3cBaggage } from '../codec/lazy-baggage.ts';
import { HiddenBaggage } from './hidden-baggage.ts';

/** Baggage of ours as it leaves, whose members are written already; undefined for another implementation's. */
export function ownBaggage(baggage: Baggage): W3cBaggage | undefined {
  if (baggage instanceof CellBaggage) return baggage.outgoing;
  if (baggage instanceof HiddenBaggage) return ownBaggage(baggage.seen);
  return baggage instanceof W3cBaggage ? baggage : undefined;
}
