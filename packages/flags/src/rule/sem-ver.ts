import { compileOperand, isConstant, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { compareVersions, Version } from './version.ts';

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

// Between reading two versions and comparing them nothing else runs, so every evaluation may use these.
const left = new Version();
const right = new Version();

/** `sem_ver` (flagd): version, operator, version; null on anything else. `~` asks for the same minor version, `^` for the same major. */
export function semVer(operand: unknown, scope: Scope): Rule {
  if (!Array.isArray(operand) || operand.length !== 3) return () => null;
  const [first, operator, second] = operand as [unknown, unknown, unknown];
  const one = compileOperand(first, scope, 0);
  const other = compileOperand(second, scope, 2);
  const verdict = isConstant(operator) ? verdicts.get(operator) : undefined;
  if (verdict && isConstant(second)) return againstConstant(one, verdict, second);
  const dynamic = compileOperand(operator, scope, 1);
  return (data, now) => {
    const before = one(data, now);
    const judge = verdict ?? verdicts.get(dynamic(data, now));
    const after = other(data, now);
    return judge && left.read(before) && right.read(after) ? judge(left, right) : null;
  };
}

/** A version that the rule names is read once, not at each evaluation. */
function againstConstant(rule: Rule, verdict: Verdict, constant: unknown): Rule {
  const against = new Version();
  if (!against.read(constant)) return () => null;
  return (data, now) => (left.read(rule(data, now)) ? verdict(left, against) : null);
}
