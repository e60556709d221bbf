import { count, getActiveCell } from '@graylane/baggage';
import type { Evaluation, Flag } from '@graylane/flags';
import { OpenFeature, StandardResolutionReasons, type EvaluationContext } from '@openfeature/server-sdk';
import { overlay, type Draft } from '../evaluation-context.ts';

/** An evaluation, or what was decided of the flag earlier in the request. */
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
 * Decides flags at once and pins them to the active request, so that everything that is called from here on agrees on them: call it
 * at the edge, once the request is dyed, where siblings that don't call each other must agree. Works wherever a request runs: in a
 * middleware, a handler, a message, or inside `runInLane`. Flags must say `pin: true` in their metadata.
 * A text is one key. The evaluation context is what rules see beside the API's and the transaction's, and the baggage.
 * Returns the keys that are pinned now. Never throws; what can't be pinned, or is no key, is counted.
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
    // Arguments that nobody can read, or a provider that throws: the request must not pay for it.
    return [];
  } finally {
    if (unpinned > 0) count('unpinned', unpinned);
  }
}

/**
 * The decision about a flag that is made once a request: the one that came with the request or was made before, else this one, for
 * all that follows. The flag is the local one: its variants are what a pin can name, and disabling it beats every pin.
 */
export function decideOnce(
  evaluation: Evaluation,
  flagKey: string,
  flag: Flag | undefined,
  revision: string,
): Decision {
  if (flag === undefined || evaluation.reason === StandardResolutionReasons.DISABLED) return evaluation;
  const cell = getActiveCell();
  const known = cell?.pins.get(flagKey);
  if (known !== undefined) {
    const value = flag.variants.get(known.variant);
    if (value === undefined) {
      // Somebody upstream has other rules. Their pin goes on to others, who may know the variant.
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
  if (cell === undefined) count('unpinned');
  else cell.pin(flagKey, { variant, revision });
  return evaluation;
}

/** Whether a decision will stand for the rest of the request. */
export function isPinned(decision: Decision | undefined, flagKey: string): boolean {
  return decision?.variant !== undefined && getActiveCell()?.pins.get(flagKey)?.variant === decision.variant;
}
