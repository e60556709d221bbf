import { compileOperand, isConstant, type Rule, type Scope } from './compile-rule.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

type Verdict = (one: Version, other: Version) => boolean;

const verdicts: ReadonlyMap<unknown, Verdict> = new Map<unknown, Verdict>([
  ['=', (one, other) => compareVersions(one, other) === 0],
  ['!=', (one, other) => compareVersions(one, other) !== 0],
  ['<', (one, other) => compareVersions(one, other) < 0],
  ['<=', (one, other) => compareVersions(one, other) <= 0],
  ['>', (one, other) => compareVersions(one, other) > 0],
  ['>=', (one, other) => compareVersions(one, other) >= 0],
  ['~', (one, other) => one.major === other.major && one.minor === other.minor],
  ['^', (one, other) => one.major === other.major],
]);

/** `sem_ver` (flagd): version, operator, version; null on anything else. `~` asks for the same minor version, `^` for the same major. */
export function semVer(operand: unknown, scope: Scope): Rule {
  if (!Array.isArray(operand) || operand.length !== 3) return () => null;
  const [first, operator, second] = operand as [unknown, unknown, unknown];
  const one = version(first, scope, 0);
  const other = version(second, scope, 2);
  const constant = isConstant(operator) ? verdicts.get(operator) : undefined;
  if (constant) return (data, now) => judge(constant, one(data, now), other(data, now));
  const dynamic = compileOperand(operator, scope, 1);
  return (data, now) => judge(verdicts.get(dynamic(data, now)), one(data, now), other(data, now));
}

function judge(verdict: Verdict | undefined, one: Version | null, other: Version | null): boolean | null {
  return verdict === undefined || one === null || other === null ? null : verdict(one, other);
}

/** A version that the rule names is parsed once, not at each evaluation. */
function version(
  logic: unknown,
  scope: Scope,
  index: number,
): (data: unknown, now: number | undefined) => Version | null {
  if (isConstant(logic)) {
    const parsed = parseVersion(logic);
    return () => parsed;
  }
  const rule = compileOperand(logic, scope, index);
  return (data, now) => parseVersion(rule(data, now));
}
