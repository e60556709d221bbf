import { joinPath, problem, show, type Problem } from '../../json/problem.ts';
import { isObject } from '../../json/values.ts';
import { checkOperand } from '../check.ts';
import { wrongCount } from '../check-operands.ts';
import { compileOperand } from '../compile.ts';
import { isConstant } from '../logic.ts';
import type { Operator, Rule, RulePlace } from '../rule.ts';
import { compareVersions, isSemanticVersion, Version } from '../version.ts';

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

// Nothing else runs between reading two versions and comparing them, so all evaluations share
// these.
const left = new Version();
const right = new Version();

/**
 * `sem_ver` (flagd): version, operator, version; null on anything else. `~` matches the same minor
 * version, `^` the same major.
 */
export const semVer: Operator = {
  compile: (operand, scope) => {
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
  },
  check: (operand, place, operator) => {
    const wrong = wrongCount(operand, place, operator, 3, 3);
    if (wrong) return wrong;
    const [one, comparison, other] = operand as [unknown, unknown, unknown];
    const message = `there is no comparison ${show(comparison)}`;
    const remedy = `use one of ${[...verdicts.keys()].join(' ')}`;
    return [
      ...checkVersion(one, { ...place, path: joinPath(place.path, 0) }),
      ...(verdicts.has(comparison) ? [] : [problem(joinPath(place.path, 1), message, remedy)]),
      ...checkVersion(other, { ...place, path: joinPath(place.path, 2) }),
    ];
  },
};

/** A version that the rule names is read once, when it is compiled. */
function againstConstant(rule: Rule, verdict: Verdict, constant: unknown): Rule {
  const against = new Version();
  if (!against.read(constant)) return () => null;
  return (data, now) => (left.read(rule(data, now)) ? verdict(left, against) : null);
}

function checkVersion(version: unknown, place: RulePlace): Problem[] {
  if (typeof version === 'string' && isSemanticVersion(version)) return [];
  if (isObject(version) && Object.hasOwn(version, 'var')) return checkOperand(version, place);
  const remedy = 'write major.minor.patch, e.g. "2.1.0", or a "var"';
  return [problem(place.path, `${show(version)} is not a version`, remedy)];
}
