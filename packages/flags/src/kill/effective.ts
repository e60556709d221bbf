import { isObject, setOwn } from '../json/values.ts';
import { maxDepth, maxParts } from '../limits.ts';
import type { Killed } from './killed.ts';

/** The lane that a killed one becomes, and the attribute of the evaluation context that has it. */
const [baseline, laneName] = ['baseline', 'lane'];

/**
 * The definition that is in force: the given one itself, unless a kill changes it. It is plain
 * flagd, so that every client follows. A killed flag is disabled. The variants of a dye rule that
 * are a killed lane become `baseline`, so that no targeting can yield the lane, and a rule that
 * reads the lane of the request reads `baseline` in place of a killed one.
 */
export function effectiveDefinition(key: string, definition: unknown, killed: Killed): unknown {
  if (!isObject(definition)) return definition;
  if (killed.flags.has(key))
    return definition['state'] === 'DISABLED' ? definition : { ...definition, state: 'DISABLED' };
  if (unread(killed).size === 0) return definition;
  const { variants, targeting } = definition;
  const newVariants = isDyeRule(key, definition) ? withoutLanes(variants, killed) : variants;
  const newTargeting = effectiveRule(targeting, killed);
  if (newVariants === variants && newTargeting === targeting) return definition;
  return {
    ...definition,
    ...(newVariants !== variants && { variants: newVariants }),
    ...(newTargeting !== targeting && { targeting: newTargeting }),
  };
}

/** The shared rules that are in force: the given ones themselves, unless a kill changes one. */
export function effectiveEvaluators(
  evaluators: Readonly<Record<string, unknown>>,
  killed: Killed,
): Readonly<Record<string, unknown>> {
  if (unread(killed).size === 0) return evaluators;
  return mapMembers(evaluators, (rule) => effectiveRule(rule, killed));
}

/**
 * Whether a flag dyes: the flag `lane`, and every other string flag that has the variant `baseline`
 * (an empty string counts as that). A flag `color` with the variants `gray` and `red` does not.
 */
function isDyeRule(key: string, { variants }: Readonly<Record<string, unknown>>): boolean {
  if (!isObject(variants)) return false;
  const values = Object.values(variants);
  return key === laneName || values.includes(baseline) || values.includes('');
}

function withoutLanes(variants: unknown, { lanes }: Killed): unknown {
  return mapMembers(variants as Readonly<Record<string, unknown>>, (value) =>
    typeof value === 'string' && lanes.has(value) ? baseline : value,
  );
}

/**
 * A rule in which a killed lane reads as `baseline`. A rule that is too deep or too large stays as
 * it is: it can't be evaluated anyway.
 */
function effectiveRule(rule: unknown, killed: Killed): unknown {
  const budget = { left: maxParts };
  try {
    return rewrite(rule, killed, 2 * maxDepth, budget);
  } catch (error) {
    if (error instanceof TooLarge) return rule;
    throw error;
  }
}

class TooLarge extends Error {}

function rewrite(rule: unknown, killed: Killed, depth: number, budget: { left: number }): unknown {
  if (typeof rule !== 'object' || rule === null) return rule;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0) throw new TooLarge();
  if (Array.isArray(rule)) {
    const items = rule.map((item) => rewrite(item, killed, depth - 1, budget));
    return items.every((item, index) => item === rule[index]) ? rule : items;
  }
  if (readsLane(rule)) {
    return { if: [{ in: [rule, [...unread(killed)]] }, baseline, rule] };
  }
  return mapMembers(rule as Readonly<Record<string, unknown>>, (operand) =>
    rewrite(operand, killed, depth - 1, budget),
  );
}

/** The lanes that rules read as `baseline`. */
function unread({ lanes, releases }: Killed): ReadonlySet<string> {
  if (releases.size === 0) return lanes;
  return lanes.size === 0 ? releases : new Set([...lanes, ...releases]);
}

/** `{ "var": "lane" }`, also in an array and with a default. */
function readsLane(rule: object): boolean {
  const { var: path } = rule as { readonly var?: unknown };
  return Object.keys(rule).length === 1 && (Array.isArray(path) ? path[0] : path) === laneName;
}

/** An object with other members; the given one itself if all stay the same. */
function mapMembers(
  members: Readonly<Record<string, unknown>>,
  map: (value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  let mapped: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(members)) {
    const after = map(value);
    if (after === value) continue;
    if (mapped === undefined) {
      mapped = {};
      for (const [key, member] of Object.entries(members)) setOwn(mapped, key, member);
    }
    setOwn(mapped, name, after);
  }
  return mapped ?? members;
}
