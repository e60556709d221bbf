import type { Context } from '@opentelemetry/api';
import { baseline } from '../../lane/names.ts';
import { emit } from '../../policy/emit.ts';
import { headerSafe } from '../../codec/header-safe.ts';
import { getLane } from '../../request/active-lane.ts';
import { allowedKeys, type EgressPolicy } from '../../policy/egress.ts';
import { getCell } from '../../request/context.ts';
import { isToldFor } from '../../request/hidden-baggage.ts';

/** Headers by their names in lower case. One without a value is to be taken off, if it is there. */
export type SentHeaders = ReadonlyMap<string, string | undefined>;

/**
 * The headers that an HTTP request to a destination gets from us; none has a value where the destination is not known. Inside of
 * another adapter there are none at all: what that one has set for this destination stays.
 */
export function sentHeaders(
  otelContext: Context,
  policy: EgressPolicy,
  destination: string | undefined,
): SentHeaders {
  if (isToldFor(otelContext, destination)) return new Map();
  const baggage = destination === undefined ? undefined : emit(otelContext, policy, destination);
  const sent = new Map([['baggage', baggage]]);
  if (policy.laneHeader === undefined) return sent;
  const isAllowed =
    baggage !== undefined &&
    destination !== undefined &&
    allowedKeys(policy, destination)?.has(getCell(otelContext)?.laneKey ?? 'lane');
  const lane = isAllowed ? getLane(otelContext) : baseline;
  return sent.set(policy.laneHeader.toLowerCase(), lane === baseline ? undefined : headerSafe(lane));
}

/** A list of names and values without the headers that are ours, and with those that have a value. */
export function replaceInList<Part>(list: readonly Part[], sent: SentHeaders): (Part | string)[] {
  const others = list.filter((_part, index) => !sent.has(String(list[index - (index % 2)]).toLowerCase()));
  return [...others, ...valued(sent).flat()];
}

/** The same for a record. */
export function replaceInRecord<Value>(
  record: Readonly<Record<string, Value>>,
  sent: SentHeaders,
): Record<string, Value | string> {
  const others = Object.entries(record).filter(([name]) => !sent.has(name.toLowerCase()));
  return Object.fromEntries([...others, ...valued(sent)]);
}

function valued(sent: SentHeaders): [string, string][] {
  return [...sent].flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
}
