import { isObject } from '../json.ts';
import { joinPath, show, type Problem } from '../problem.ts';
import { checkArgument, checkEach, checkRule, problem, type RulePlace } from './check-rule.ts';

/** Checks what stands under an operator. */
export type OperandCheck = (operand: unknown, place: RulePlace, operator: string) => Problem[];

const semanticVersion =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/;
const versionOperators = ['=', '!=', '>', '<', '>=', '<=', '~', '^'];

/** The operators of flagd's targeting schema, and what each takes. */
export const operandChecks: ReadonlyMap<string, OperandCheck> = new Map<string, OperandCheck>([
  ['var', checkVariable],
  ['missing', checkPaths],
  ['missing_some', checkMissingSome],
  ...each(['if', 'or', 'and', '+', '-', 'max', 'min', 'merge', 'cat'], count(1, Number.POSITIVE_INFINITY)),
  ...each(
    ['==', '===', '!=', '!==', '>', '>=', '%', '/', 'map', 'filter', 'all', 'none', 'some', 'in'],
    count(2, 2),
  ),
  ...each(['substr', '<', '<='], count(2, 3)),
  ...each(['*'], count(2, Number.POSITIVE_INFINITY)),
  ...each(['reduce'], count(3, 3)),
  ...each(['!', '!!'], checkUnary),
  ...each(['starts_with', 'ends_with'], checkTexts),
  ['sem_ver', checkSemVer],
  ['fractional', checkFractional],
]);

function each(operators: readonly string[], check: OperandCheck): ReadonlyArray<[string, OperandCheck]> {
  return operators.map((operator) => [operator, check]);
}

function count(least: number, most: number): OperandCheck {
  return (operand, place, operator) =>
    checkCount(operand, place, operator, least, most) ?? checkEach(operand as unknown[], place);
}

function checkCount(
  operand: unknown,
  { path }: RulePlace,
  operator: string,
  least: number,
  most: number,
): Problem[] | undefined {
  if (Array.isArray(operand) && operand.length >= least && operand.length <= most) return undefined;
  const found = Array.isArray(operand) ? String(operand.length) : show(operand);
  const wanted =
    least === most
      ? `${least}`
      : most === Number.POSITIVE_INFINITY
        ? `${least} or more`
        : `${least} or ${most}`;
  return [problem(path, `"${operator}" has ${found} for operands`, `give it a list of ${wanted}`)];
}

function checkVariable(operand: unknown, { path }: RulePlace): Problem[] {
  if (Array.isArray(operand) && typeof operand[0] !== 'string' && typeof operand[0] !== 'number') {
    return [problem(path, '"var" has a list without a path', 'give it a path, and a default if you like')];
  }
  const name: unknown = Array.isArray(operand) ? operand[0] : operand;
  if (typeof name !== 'string' || !name.startsWith('$flagd.') || /^\$flagd\.(timestamp|flagKey)$/.test(name))
    return [];
  return [problem(path, `there is no "${name}"`, 'use $flagd.flagKey or $flagd.timestamp')];
}

function checkPaths(operand: unknown, { path }: RulePlace, operator: string): Problem[] {
  if (Array.isArray(operand) && operand.every((item) => typeof item === 'string')) return [];
  return [problem(path, `"${operator}" has ${show(operand)} for paths`, 'give it a list of texts')];
}

function checkMissingSome(operand: unknown, place: RulePlace, operator: string): Problem[] {
  const wrongCount = checkCount(operand, place, operator, 2, 2);
  if (wrongCount) return wrongCount;
  const [need, paths] = operand as [unknown, unknown];
  const wrongNeed =
    typeof need === 'number'
      ? []
      : [problem(place.path, `"${operator}" needs ${show(need)} values`, 'give it a number')];
  return [...wrongNeed, ...checkPaths(paths, { ...place, path: joinPath(place.path, 1) }, operator)];
}

function checkUnary(operand: unknown, place: RulePlace, operator: string): Problem[] {
  if (!Array.isArray(operand)) return checkArgument(operand, place);
  return checkCount(operand, place, operator, 1, 1) ?? checkEach(operand, place);
}

function checkTexts(operand: unknown, place: RulePlace, operator: string): Problem[] {
  return (
    checkCount(operand, place, operator, 2, 2) ??
    (operand as unknown[]).flatMap((item, index) => {
      const at = { ...place, path: joinPath(place.path, index) };
      if (typeof item === 'string') return [];
      if (isObject(item)) return checkArgument(item, at);
      return [
        problem(at.path, `"${operator}" compares ${show(item)}`, 'give it a text, or a rule that makes one'),
      ];
    })
  );
}

function checkSemVer(operand: unknown, place: RulePlace, operator: string): Problem[] {
  const wrongCount = checkCount(operand, place, operator, 3, 3);
  if (wrongCount) return wrongCount;
  const [one, comparison, other] = operand as [unknown, unknown, unknown];
  const known = versionOperators.some((name) => name === comparison);
  return [
    ...checkVersion(one, { ...place, path: joinPath(place.path, 0) }),
    ...(known
      ? []
      : [
          problem(
            joinPath(place.path, 1),
            `there is no comparison ${show(comparison)}`,
            `use one of ${versionOperators.join(' ')}`,
          ),
        ]),
    ...checkVersion(other, { ...place, path: joinPath(place.path, 2) }),
  ];
}

function checkVersion(version: unknown, place: RulePlace): Problem[] {
  if (typeof version === 'string' && semanticVersion.test(version)) return [];
  if (isObject(version) && Object.hasOwn(version, 'var')) return checkRule(version, place);
  return [
    problem(
      place.path,
      `${show(version)} is no version`,
      'write major.minor.patch, e.g. "2.1.0", or a "var"',
    ),
  ];
}

function checkFractional(operand: unknown, place: RulePlace, operator: string): Problem[] {
  const wrongCount = checkCount(operand, place, operator, 1, Number.POSITIVE_INFINITY);
  if (wrongCount) return wrongCount;
  return (operand as unknown[]).flatMap((item, index) => {
    const at = { ...place, path: joinPath(place.path, index) };
    return index === 0 && isObject(item) ? checkArgument(item, at) : checkBucket(item, at);
  });
}

function checkBucket(bucket: unknown, place: RulePlace): Problem[] {
  if (!Array.isArray(bucket) || bucket.length === 0 || bucket.length > 2) {
    return [
      problem(
        place.path,
        `a bucket is ${show(bucket)}`,
        'write [variant, weight], or [variant] for the weight 1',
      ),
    ];
  }
  const [variant, weight = 1] = bucket as unknown[];
  const at = { ...place, path: joinPath(place.path, 1) };
  return [
    ...checkArgument(variant, { ...place, path: joinPath(place.path, 0) }),
    ...(isObject(weight) ? checkArgument(weight, at) : checkWeight(weight, at)),
  ];
}

function checkWeight(weight: unknown, { path }: RulePlace): Problem[] {
  if (Number.isInteger(weight) && (weight as number) >= 0) return [];
  return [
    problem(
      path,
      `the weight is ${show(weight)}`,
      'use a whole number from 0 on; shares are weight / sum of weights',
    ),
  ];
}
