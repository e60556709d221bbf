import type { Context } from '@opentelemetry/api';
import { baseline, defaultLaneKey } from '../../../lane/names.ts';
import { emit } from '../../../policy/emit.ts';
import { headerSafe } from '../../../codec/header-safe.ts';
import { getLane } from '../../../request/active-lane.ts';
import { allowedKeys, type EgressPolicy } from '../../../policy/egress.ts';
import { getCell } from '../../../request/context.ts';
import { hasHeadersSet } from '../../../request/hidden-baggage.ts';

/** Headers by their names in lower case. A header without a value is removed. */
export type SentHeaders = ReadonlyMap<string, string | undefined>;

/**
 * Graylane's headers for an HTTP request to a destination; all are without a value if the
 * destination is unknown. The map is empty inside of another adapter that has set the headers for
 * this destination: they stay.
 */
export function sentHeaders(
  otelContext: Context,
  policy: EgressPolicy,
  destination: string | undefined,
): SentHeaders {
  if (hasHeadersSet(otelContext, destination)) return new Map();
  const baggage = destination === undefined ? undefined : emit(otelContext, policy, destination);
  const sent = new Map([['baggage', baggage]]);
  if (policy.laneHeader === undefined) return sent;
  const isAllowed =
    baggage !== undefined &&
    destination !== undefined &&
    allowedKeys(policy, destination)?.of(getCell(otelContext)?.laneKey ?? defaultLaneKey).hasLane === true;
  const lane = isAllowed ? getLane(otelContext) : baseline;
  return sent.set(policy.laneHeader.toLowerCase(), lane === baseline ? undefined : headerSafe(lane));
}

/** Removes all of graylane's headers. */
export function noHeaders({ laneHeader }: EgressPolicy): SentHeaders {
  const none = new Map<string, undefined>([['baggage', undefined]]);
  return laneHeader === undefined ? none : none.set(laneHeader.toLowerCase(), undefined);
}

/**
 * A copy of headers in which ours are replaced, in a shape that clients accept: a record stays a
 * record; iterables become a flat array, whose names may repeat.
 */
export function replaceHeaders(headers: unknown, sent: SentHeaders): unknown[] | Record<string, unknown> {
  return isRecord(headers) ? replaceInRecord(headers, sent) : replaceInArray(flatten(headers), sent);
}

function isRecord(headers: unknown): headers is Record<string, unknown> {
  return typeof headers === 'object' && headers !== null && !(Symbol.iterator in headers);
}

function flatten(headers: unknown): unknown[] {
  const list = typeof headers === 'object' && headers !== null ? [...(headers as Iterable<unknown>)] : [];
  return Array.isArray(list[0]) ? list.flat(1) : list;
}

function replaceInArray(array: readonly unknown[], sent: SentHeaders): unknown[] {
  const others = array.filter((_part, index) => !sent.has(String(array[index - (index % 2)]).toLowerCase()));
  return [...others, ...valued(sent).flat()];
}

function replaceInRecord(
  record: Readonly<Record<string, unknown>>,
  sent: SentHeaders,
): Record<string, unknown> {
  const others = Object.entries(record).filter(([name]) => !sent.has(name.toLowerCase()));
  return Object.fromEntries([...others, ...valued(sent)]);
}

function valued(sent: SentHeaders): [string, string][] {
  return [...sent].flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
}
