import { count, getActiveCell, isKilledLane, type RequestCell } from '@graylane/baggage';
import type { Evaluation, Flag } from '@graylane/flags';
import { OpenFeature, StandardResolutionReasons, type EvaluationContext } from '@openfeature/server-sdk';
import { overlay, type Draft } from '../evaluation-context.ts';

/** An evaluation, or the decision about the flag that was made earlier in the request. */
export type Decision = Omit<Evaluation, 'reason'> & { readonly reason: string };

/** A provider that can pin flags to the active request, as `GraylaneProvider` does. */
export interface PinningProvider {
  /** Decides these flags now and pins them; returns the keys that are pinned. Never throws. */
  pin(flagKeys: readonly string[], context: EvaluationContext): readonly string[];
}

/** Which of OpenFeature's providers is meant. */
export interface PinOptions {
  /** Default: the default provider. */
  readonly domain?: string;
}

/**
 * Decides flags at once and pins them to the active request, so that all services that are called
 * from here on agree on them: call it at the edge, once the request is dyed, if siblings that don't
 * call each other must agree. Works in a middleware, a handler, a message, or inside `runInLane`.
 * Flags need `pin: true` in their metadata. A string is one key. Rules see this evaluation context
 * beside those of the API and the transaction, and the baggage. Returns the keys that are pinned
 * now. Never throws; flags that can't be pinned, and values that are not keys, are counted.
 */
export function pin(
  flagKeys: string | readonly string[],
  context: EvaluationContext = {},
  options: PinOptions = {},
): readonly string[] {
  let unpinned = 1;
  try {
    const given: readonly unknown[] = [flagKeys].flat();
    unpinned = given.length;
    const provider = OpenFeature.getProvider(options.domain) as Partial<PinningProvider>;
    if (typeof provider.pin !== 'function') return [];
    const keys = given.filter((key) => typeof key === 'string');
    const merged: Draft = {};
    overlay(merged, OpenFeature.getContext());
    overlay(merged, OpenFeature.getTransactionContext());
    overlay(merged, context);
    const pinned = provider.pin(keys, merged as EvaluationContext);
    unpinned -= keys.length;
    return pinned;
  } catch {
    // Arguments that can't be read, or a provider that throws: the request must not fail.
    return [];
  } finally {
    if (unpinned > 0) count('unpinned', unpinned);
  }
}

/**
 * The decision about a flag that is made once a request: the one that came with the request or was
 * made before, else this one, for every later evaluation. `flag` is the local definition: a pin can
 * name its variants, and disabling it beats every pin. Pins of a lane that is killed do not count.
 */
export function decideOnce(
  evaluation: Evaluation,
  flagKey: string,
  flag: Flag | undefined,
  revision: string,
  cell: RequestCell | undefined = getActiveCell(),
): Decision {
  if (flag === undefined || evaluation.reason === StandardResolutionReasons.DISABLED) return evaluation;
  if (cell !== undefined && isKilledLane(cell.lane)) return evaluation;
  const known = cell?.pins.get(flagKey);
  if (known !== undefined) {
    const value = flag.variants.get(known.variant);
    if (value === undefined) {
      // An upstream service has other rules. Its pin travels on to services that may know the
      // variant.
      count('mispinned');
      return evaluation;
    }
    return {
      value,
      variant: known.variant,
      reason: StandardResolutionReasons.CACHED,
      flagMetadata: { ...evaluation.flagMetadata, pinRevision: known.revision },
    };
  }
  const { variant } = evaluation;
  if (variant === undefined || evaluation.errorCode !== undefined) return evaluation;
  // A cell that is not the request's own holds baggage that is trusted, but does not travel on.
  if (cell === undefined || cell !== getActiveCell()) count('unpinned');
  cell?.pin(flagKey, { variant, revision });
  return evaluation;
}

/** Whether a decision will stand for the rest of the request. */
export function isPinned(decision: Decision | undefined, flagKey: string): boolean {
  return decision?.variant !== undefined && getActiveCell()?.pins.get(flagKey)?.variant === decision.variant;
}
