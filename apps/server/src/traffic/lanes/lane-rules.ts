import { rulesOf, type Flag, type FlagSet } from '@graylane/flags';
import { isObject } from '../../is-object.ts';
import { conditionText } from '../../usage/condition-text.ts';
import { isDyeRule } from '../../rollouts/targeting/check-rule.ts';

/** How a dye rule puts requests into a lane, in words. */
export interface LaneRule {
  /** The dye rule. */
  readonly flag: string;
  /** Null for the otherwise of the rule, or if the rule is not a choice. */
  readonly condition: string | null;
  /** The share of the matching units in percent; null if all of them get the lane. */
  readonly percent: number | null;
  /** The default variant of the dye rule is this lane. */
  readonly isDefault?: boolean;
}

/** The lanes that the dye rules of a set can yield, `baseline` included, each with its rules. */
export function laneRules(flags: FlagSet): ReadonlyMap<string, readonly LaneRule[]> {
  const lanes = new Map<string, LaneRule[]>();
  const add = (lane: string, rule?: LaneRule): void => {
    const rules = lanes.get(lane) ?? [];
    if (rule !== undefined) rules.push(rule);
    lanes.set(lane, rules);
  };
  for (const key of flags.keys()) {
    const flag = flags.get(key);
    if (flag === undefined || !isDyeRule(key, flag.definition)) continue;
    for (const lane of flag.variants.values()) if (typeof lane === 'string') add(lane);
    if (flag.state === 'ENABLED') for (const [lane, rule] of rulesIn(flag)) add(lane, rule);
  }
  return lanes;
}

function* rulesIn(flag: Flag): Generator<readonly [lane: string, rule: LaneRule]> {
  const { key, effective, variants, defaultVariant } = flag;
  const laneOf = (variant: unknown): string | undefined => {
    const lane = variants.get(String(variant));
    return typeof lane === 'string' ? lane : undefined;
  };
  const targeting = isObject(effective) ? effective['targeting'] : undefined;
  const branches = rulesOf(flag);
  const operand = isObject(targeting) ? Object.values(targeting)[0] : undefined;
  const operands: readonly unknown[] = Array.isArray(operand) ? (operand as unknown[]) : [];
  const results =
    branches.length > 0
      ? branches.map(({ index, condition }) => ({
          condition: condition === undefined ? null : conditionText(condition),
          result: condition === undefined ? operands[index * 2] : operands[index * 2 + 1],
        }))
      : [{ condition: null, result: targeting }];
  for (const { condition, result } of results) {
    for (const { variant, percent } of sharesOf(result)) {
      const lane = laneOf(variant);
      if (lane !== undefined && percent !== 0) yield [lane, { flag: key, condition, percent }];
    }
  }
  const byDefault = defaultVariant === undefined ? undefined : laneOf(defaultVariant);
  if (byDefault !== undefined) {
    yield [byDefault, { flag: key, condition: null, percent: null, isDefault: true }];
  }
}

/** The variants that the result of a branch names, and their shares. */
function sharesOf(
  result: unknown,
): ReadonlyArray<{ readonly variant: string; readonly percent: number | null }> {
  if (typeof result === 'string') return [{ variant: result, percent: null }];
  const entries = isObject(result) ? result['fractional'] : undefined;
  if (!Array.isArray(entries)) return [];
  const buckets = (entries as unknown[]).filter((entry) => Array.isArray(entry)) as unknown[][];
  const weights = buckets.map(([, weight = 1]) => (typeof weight === 'number' ? weight : Number.NaN));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return buckets.map(([variant], at) => {
    const share = ((weights[at] ?? Number.NaN) / total) * 100;
    return {
      variant: String(variant),
      percent: Number.isFinite(share) ? Math.round(share * 100) / 100 : null,
    };
  });
}
