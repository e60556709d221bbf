import { checkFlag, type Problem } from '@graylane/flags';
import { isObject } from '../../is-object.ts';
import type { Content } from '../../model/document.ts';
import type { RolloutDefinition } from '../definition/definition.ts';
import { lanesOf, type FlagDefinition } from './dye-rule.ts';
import { canYield, possibleResults } from './possible-results.ts';

/** Why a rollout can't move a flag, with the remedy for each fault. */
export function checkRule(definition: RolloutDefinition, { flags, shared }: Content): readonly Problem[] {
  const { flag: key } = definition;
  const flag = flags.get(key)?.definition;
  if (!isObject(flag))
    return [
      missingFlag(
        key,
        [...flags.keys()].filter((one) => isDyeRule(one, flags.get(one)?.definition)),
      ),
    ];
  if (!isDyeRule(key, flag)) return [notDyeRule(key, flag)];
  if (flag['state'] !== 'ENABLED') {
    return [{ path: '$.flag', message: `the dye rule "${key}" is disabled`, remedy: 'enable it first' }];
  }
  const evaluators = isObject(shared['$evaluators']) ? shared['$evaluators'] : {};
  return [
    ...checkVariants(definition, flag),
    ...checkEligible(definition, flag, evaluators),
    ...checkOldRule(definition, flag, evaluators),
  ];
}

/** Whether a flag's variants are lanes: those of the flag `lane`, and of a rule with `baseline`. */
export function isDyeRule(key: string, flag: unknown): flag is FlagDefinition {
  const variants = isObject(flag) ? flag['variants'] : undefined;
  if (!isObject(variants)) return false;
  const values = Object.values(variants);
  const areStrings = values.length > 0 && values.every((value) => typeof value === 'string');
  return areStrings && (key === 'lane' || values.includes('baseline'));
}

function missingFlag(key: string, rules: readonly string[]): Problem {
  const remedy =
    rules.length > 0
      ? `use one of the dye rules: ${rules.join(', ')}`
      : 'create a dye rule first: a string flag with the variants "baseline" and your lane';
  return { path: '$.flag', message: `there is no flag ${JSON.stringify(key)}`, remedy };
}

function notDyeRule(key: string, flag: FlagDefinition): Problem {
  const lanes = [...new Set(lanesRead(flag['targeting']))];
  const message = `"${key}" is not a dye rule`;
  const remedy =
    lanes.length > 0
      ? `its targeting reads the lane ${lanes.map((lane) => JSON.stringify(lane)).join(', ')}: roll out the dye rule that yields that lane, e.g. { "flag": "lane", "lane": ${JSON.stringify(lanes[0])} }, and this flag is guarded with it`
      : 'let its targeting read the lane, e.g. { "if": [{ "==": [{ "var": "lane" }, "gray"] }, "on"] }, and roll out the dye rule that yields that lane';
  return { path: '$.flag', message, remedy };
}

/** The lanes with which a targeting compares the lane of the request. */
function lanesRead(rule: unknown): string[] {
  if (Array.isArray(rule)) return rule.flatMap(lanesRead);
  if (!isObject(rule)) return [];
  return Object.entries(rule).flatMap(([operator, operand]) => {
    const operands = Array.isArray(operand) ? (operand as unknown[]) : [];
    const compares = ['==', '===', 'in'].includes(operator) && operands.some(isLane);
    const found = compares ? operands.flat().filter((one) => typeof one === 'string') : [];
    return [...found, ...lanesRead(operand)];
  });
}

function isLane(rule: unknown): boolean {
  return isObject(rule) && [rule['var']].flat()[0] === 'lane';
}

function checkVariants({ lane }: RolloutDefinition, { variants, defaultVariant }: FlagDefinition): Problem[] {
  const named = isObject(variants) ? variants : {};
  const taken = lanesOf(lane).filter(
    (one) => !Object.values(named).includes(one) && Object.hasOwn(named, one),
  );
  const problems = taken.map((name) => ({
    path: '$.lane',
    message: `the dye rule has a variant "${name}" with the value ${JSON.stringify(named[name])}`,
    remedy: `give it the value "${name}", or another name`,
  }));
  if (typeof defaultVariant !== 'string' || !isArm(named[defaultVariant], lane)) return problems;
  const message = `the default variant of the dye rule is "${defaultVariant}"`;
  const remedy = 'make "baseline" the default: units without an arm would be gray otherwise';
  return [...problems, { path: '$.flag', message, remedy }];
}

/** Checks the condition as the targeting of a flag. */
function checkEligible(
  { flag: key, eligible }: RolloutDefinition,
  flag: FlagDefinition,
  evaluators: Readonly<Record<string, unknown>>,
): Problem[] {
  if (eligible === undefined) return [];
  const variant = Object.keys(Object(flag['variants']) as object)[0];
  const place = joinedPath(key);
  const found = checkFlag(key, { ...flag, targeting: { if: [eligible, variant] } }, evaluators);
  return found.flatMap(({ path, message, remedy }) =>
    path.startsWith(place) ? [{ path: `$.eligible${path.slice(place.length)}`, message, remedy }] : [],
  );
}

/** The path of the condition, as `checkFlag` reports it. */
function joinedPath(key: string): string {
  const quoted = /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  return `$.flags${quoted}.targeting.if[0]`;
}

/** The old rule serves the units that are not eligible. It must not dye them. */
function checkOldRule(
  { lane, eligible }: RolloutDefinition,
  { targeting, variants, defaultVariant }: FlagDefinition,
  evaluators: Readonly<Record<string, unknown>>,
): Problem[] {
  if (eligible === undefined || targeting === undefined) return [];
  const named = Object.entries(Object(variants) as object) as Array<[string, unknown]>;
  const arms = named.filter(([, value]) => isArm(value, lane)).map(([name]) => name);
  const isDefault = typeof defaultVariant === 'string' && arms.includes(defaultVariant);
  const results = possibleResults(targeting, evaluators);
  if (!canYield(results, isDefault ? [...arms, null] : arms)) return [];
  const message =
    results === 'any'
      ? `the targeting of the dye rule computes its variant, so it may yield "${lane}"`
      : `the targeting of the dye rule yields "${lane}" by itself`;
  const remedy = `remove "${lane}" and "${lane}-control" from it, or leave "eligible" out: then every unit is eligible, and the old targeting rests`;
  return [{ path: '$.eligible', message, remedy }];
}

function isArm(value: unknown, lane: string): boolean {
  return value === lane || value === `${lane}-control`;
}
