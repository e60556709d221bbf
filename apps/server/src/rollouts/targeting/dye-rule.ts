import { isObject } from '../../is-object.ts';
import type { RolloutDefinition } from '../definition/definition.ts';
import { totalOf, type Weights } from './weights.ts';

/** The definition of a flag, as far as a rollout reads it. */
export type FlagDefinition = Readonly<Record<string, unknown>>;

/** The parts of a rollout that its dye rule depends on. */
export interface RuleOptions {
  readonly id: string;
  /** How many revisions the rollout has made, this one included. */
  readonly move: number;
  readonly definition: RolloutDefinition;
  /** Two rollouts with different seeds draw their units independently of each other. */
  readonly seed: string;
  readonly weights: Weights;
}

/**
 * The dye rule as plain flagd while a rollout owns it: eligible units get their arm by a fraction,
 * and the rule of before serves the rest. Gray grows from one end of the buckets and control from
 * the other, so that a unit of the control does not become gray before gray exceeds 50 %, and no
 * unit leaves gray as it grows.
 */
export function compileDyeRule(original: FlagDefinition, options: RuleOptions): FlagDefinition {
  const { id, move, definition, seed, weights } = options;
  const { lane, unitKey, eligible } = definition;
  const variants = withVariants(original, lane);
  const total = totalOf(definition);
  const bucket = (weight: number): number => Math.round((weight * total) / 100);
  const [gray, control] = [bucket(weights.gray), bucket(weights.control)];
  const baseline = variantOf(variants, 'baseline');
  const fraction = {
    fractional: [
      { cat: [`${seed}/`, { var: unitKey }] },
      [variantOf(variants, lane), gray],
      [baseline, total - gray - control],
      [variantOf(variants, `${lane}-control`), control],
    ],
  };
  // A unit without a key has no bucket.
  const own = { if: [{ '!!': [{ var: unitKey }] }, fraction, baseline] };
  const { targeting: old } = original;
  const rest = old === undefined ? [] : [old];
  const metadata = isObject(original['metadata']) ? original['metadata'] : {};
  return {
    ...original,
    variants,
    targeting: eligible === undefined ? own : { if: [eligible, own, ...rest] },
    metadata: { ...metadata, rollout: id, rolloutMove: move },
  };
}

/** The dye rule as it was before a rollout, with its new variants and other edits kept. */
export function restoreDyeRule(current: FlagDefinition, original: FlagDefinition): FlagDefinition {
  const { targeting: _, metadata, ...members } = current;
  const { rollout: _id, rolloutMove: _move, ...others } = isObject(metadata) ? metadata : {};
  return {
    ...members,
    ...(original['targeting'] !== undefined && { targeting: original['targeting'] }),
    ...(Object.keys(others).length > 0 && { metadata: others }),
  };
}

/** The rollout that made a dye rule what it is, and by which of its revisions. */
export function ownerOf(flag: unknown): { readonly id: string; readonly move: number } | undefined {
  const metadata = isObject(flag) ? flag['metadata'] : undefined;
  if (!isObject(metadata)) return undefined;
  const { rollout: id, rolloutMove: move } = metadata;
  return typeof id === 'string' && typeof move === 'number' ? { id, move } : undefined;
}

/** The lanes that a rollout yields: the gray one, its control, and baseline. */
export function lanesOf(lane: string): readonly string[] {
  return ['baseline', lane, `${lane}-control`];
}

/** The variants, with those added that the rollout yields. */
function withVariants({ variants: sent }: FlagDefinition, lane: string): Readonly<Record<string, unknown>> {
  const variants = isObject(sent) ? sent : {};
  const missing = lanesOf(lane).filter((one) => !Object.values(variants).includes(one));
  return { ...variants, ...Object.fromEntries(missing.map((one) => [one, one])) };
}

/** The name of the variant with a value. */
function variantOf(variants: Readonly<Record<string, unknown>>, value: string): string {
  return Object.keys(variants).find((name) => variants[name] === value) ?? value;
}
