import type { Context } from '@opentelemetry/api';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { countMembers } from '../codec/scan.ts';
import { count, type BaggageEvent } from '../counters.ts';
import { baseline, pinsKey, pinsSealKey, sealKeyOf } from '../lane/names.ts';
import { formatSeal, withHops } from '../lane/seal.ts';
import { RequestCell } from '../request/cell.ts';
import { ensureContextManager } from '../request/context-manager.ts';
import { withCell } from '../request/context.ts';
import { compiledIngress, type CompiledIngress, type IngressPolicy } from './ingress.ts';
import { judge, type Verdict } from './judge.ts';
import { readOffer, type Offer } from './offer.ts';
import { reportRefused, warnOfStripped, warnOfUnread } from './refused.ts';

/**
 * For adapters: the OTel context of a request that came with these `baggage` headers, as far as the
 * policy admits them.
 */
export function admit(headers: readonly string[], policy: IngressPolicy, otelContext: Context): Context {
  ensureContextManager();
  const cell = new RequestCell();
  admitInto(cell, headers, policy);
  return withCell(otelContext, cell);
}

/**
 * Starts a cell over with the members of some `baggage` headers that a policy admits; `alias` is
 * the lane of a mesh's own header.
 */
export function admitInto(
  cell: RequestCell,
  headers: readonly string[],
  policy: IngressPolicy,
  alias?: string,
): void {
  const compiled = compiledIngress(policy);
  const header = headers.length === 1 ? (headers[0] ?? '') : headers.join(',');
  if (compiled.mode === 'strip') {
    strip(cell, header, compiled);
    if (header !== '') reportStripped(header, compiled);
  } else admitOffer(cell, header, compiled, compiled.admitsLane ? alias || undefined : undefined);
}

/**
 * For the propagator: the same, before an adapter judges the request by a policy of its own. So
 * that a lane which the adapter admits is not reported as stripped, that waits until the baggage
 * decides.
 */
export function extractInto(
  cell: RequestCell,
  headers: readonly string[],
  policy: IngressPolicy,
  alias?: string,
): void {
  if (policy.mode !== 'strip') {
    admitInto(cell, headers, policy, alias);
    return;
  }
  const compiled = compiledIngress(policy);
  const header = headers.join(',');
  strip(cell, header, compiled);
  if (header !== '') cell.refusal = () => reportStripped(header, compiled);
}

function strip(cell: RequestCell, header: string, compiled: CompiledIngress): void {
  cell.reset(LazyBaggage.empty, baseline, compiled.laneKey);
  if (header !== '') remember(cell, compiled, header);
}

function reportStripped(header: string, compiled: CompiledIngress): void {
  const stripped = countMembers(header);
  if (stripped > 0) count('stripped', stripped);
  warnOfStripped(header, compiled);
}

function admitOffer(
  cell: RequestCell,
  header: string,
  compiled: CompiledIngress,
  alias: string | undefined,
): void {
  const { laneKey, signer } = compiled;
  const offer = readOffer(header, compiled.keys);
  const isAliased = offer.lane === undefined && signer === undefined && alias !== baseline;
  const lane = offer.lane ?? (isAliased ? alias : undefined);
  const verdict = judge(offer, lane, compiled);
  const admitted = admittedPart(offer, verdict, header, compiled);
  cell.reset(admitted, verdict.lane ?? baseline, laneKey, signer);

  const refused = verdict.fault ?? verdict.pinsFault;
  if (refused !== undefined) reportRefused(refused, lane ?? baseline, verdict, compiled);
  if (offer.hasUnreadLane) warnOfUnread(compiled);
  const stripped = strippedBy(offer, verdict);
  if (stripped > 0) {
    count('stripped', stripped);
    if (offer.lane === undefined) warnOfStripped(header, compiled);
  }
  if (header !== '' || lane !== undefined)
    remember(cell, compiled, header, refused, isAliased ? alias : undefined);
}

/** Keeps the decision of the policy for `explainRequest`. */
function remember(
  cell: RequestCell,
  { mode, laneKey }: CompiledIngress,
  header: string,
  refused?: BaggageEvent,
  alias?: string,
): void {
  cell.decision = { by: 'ingress', mode, laneKey, header, alias, refused };
}

/**
 * The members that a verdict admits, as they are to be sent: the header itself if that is possible.
 */
function admittedPart(
  offer: Offer,
  { lane, hops, keepsPins, keepsOthers }: Verdict,
  header: string,
  { keys, laneKey }: CompiledIngress,
): LazyBaggage {
  const ownCount = (lane === undefined ? 0 : 1) + (keepsPins ? 1 : 0);
  if (
    offer.isWhole &&
    keepsOthers &&
    lane === offer.lane &&
    offer.seal === undefined &&
    hops === undefined &&
    keepsPins === (offer.pins !== undefined) &&
    (keepsPins || offer.pinsSeal === undefined)
  ) {
    return LazyBaggage.admit(
      header,
      ownCount + (offer.pinsSeal === undefined ? 0 : 1) + offer.otherCount,
      keys,
    );
  }
  let admitted = '';
  let size = 0;
  const add = (members: string, howMany = 1): void => {
    admitted = admitted === '' ? members : `${admitted},${members}`;
    size += howMany;
  };
  if (lane !== undefined) {
    add(`${laneKey}=${lane}`);
    if (hops !== undefined) add(`${sealKeyOf(laneKey)}=${sealWith(offer.seal, hops)}`);
  }
  if (keepsPins) {
    add(`${pinsKey}=${offer.pins}`);
    if (offer.pinsSeal !== undefined) add(`${pinsSealKey}=${offer.pinsSeal}`);
  }
  if (keepsOthers && offer.otherCount > 0) add(offer.others, offer.otherCount);
  return LazyBaggage.admit(admitted, size, keys);
}

function sealWith(seal: string | undefined, hops: number): string {
  return seal === undefined ? formatSeal({ hops, expiry: '', signed: undefined }) : withHops(seal, hops);
}

/**
 * How many members are missing without a reason of their own. Seals are parts of what they seal,
 * and not counted.
 */
function strippedBy(offer: Offer, { lane, fault, keepsPins, pinsFault, keepsOthers }: Verdict): number {
  let stripped = offer.stripped;
  if (!keepsOthers) stripped += offer.otherCount;
  if (offer.lane !== undefined && lane === undefined && fault === undefined) stripped += 1;
  if (offer.pins !== undefined && !keepsPins && pinsFault === undefined) stripped += 1;
  return stripped;
}
