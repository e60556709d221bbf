import { FlagsError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';

/** Which flags are dye rules. */
export interface DyeRuleOptions {
  /** The keys of the flags whose value is the lane of a request. Default: `lane`. */
  readonly keys?: readonly string[];
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Warns of dye rules that can yield a value other than a lane: a lane is a DNS label, `other` is
 * reserved, and so is `<lane>-control`, except beside `<lane>` itself. Such a request stays in
 * baseline, so these are warnings: `checkFlags` does not refuse them. Never throws; a document that
 * can't be read has no warnings.
 */
export function checkDyeRules(document: unknown, { keys = ['lane'] }: DyeRuleOptions = {}): Problem[] {
  const flags = flagsOf(document);
  return keys.flatMap((key) => {
    const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
    const variants = isObject(flag) ? flag['variants'] : undefined;
    return isObject(variants) ? checkLanes(key, variants) : [];
  });
}

function checkLanes(key: string, variants: Readonly<Record<string, unknown>>): Problem[] {
  const lanes = new Set(Object.values(variants));
  return Object.entries(variants).flatMap(([name, lane]) => {
    const fault = laneFault(lane, lanes);
    if (fault === undefined) return [];
    const path = joinPath(joinPath(joinPath('$.flags', key), 'variants'), name);
    const message = `the dye rule "${key}" has the variant ${show(lane)}, which ${fault}`;
    return [problem(path, message, remedy)];
  });
}

const remedy =
  'use a DNS label, e.g. "team-a": a-z, 0-9 and "-" inside, at most 63 characters; requests in any other lane stay in baseline';

function laneFault(lane: unknown, lanes: ReadonlySet<unknown>): string | undefined {
  if (typeof lane !== 'string') return 'is not a string';
  if (!label.test(lane)) return 'is not a DNS label';
  if (lane === 'other') return 'is reserved for unknown lanes in metrics';
  const control = lane.endsWith('-control') && !lanes.has(lane.slice(0, -'-control'.length));
  return control ? 'is reserved for the control lane of a rollout' : undefined;
}

function flagsOf(document: unknown): Readonly<Record<string, unknown>> {
  const parsed = typeof document === 'string' ? parsedOrNothing(document) : document;
  const flags = isObject(parsed) ? parsed['flags'] : undefined;
  if (!Array.isArray(flags)) return isObject(flags) ? flags : {};
  return Object.fromEntries(
    flags.filter(isObject).map((flag): [string, unknown] => [String(flag['key']), flag]),
  );
}

function parsedOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    // `checkFlags` reports it.
    if (error instanceof FlagsError) return undefined;
    throw error;
  }
}
