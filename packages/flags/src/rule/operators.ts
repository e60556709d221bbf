import { affix } from './affix.ts';
import { arithmetic, extreme, minus } from './arithmetic.ts';
import { choose } from './choice.ts';
import { differs, equal, identical, ordered } from './comparison.ts';
import type { Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { fractional } from './fractional.ts';
import { all, filter, map, none, reduce, some } from './iteration.ts';
import { and, not, or, truth } from './logic.ts';
import { membership, merge } from './membership.ts';
import { missing, missingSome } from './missing.ts';
import { semVer } from './sem-ver.ts';
import { cat, substr } from './text.ts';
import { variable } from './variable.ts';

/** Compiles one operator, given its operand as written. */
export type Operator = (operand: unknown, scope: Scope) => Rule;

/** JsonLogic's operators, and flagd's own four. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['var', variable],
  ['missing', missing],
  ['missing_some', missingSome],
  ['if', choose],
  ['?:', choose],
  ['==', equal],
  ['!=', differs(equal)],
  ['===', identical],
  ['!==', differs(identical)],
  ['>', ordered((one, other) => one > other)],
  ['>=', ordered((one, other) => one >= other)],
  ['<', ordered((one, other) => one < other)],
  ['<=', ordered((one, other) => one <= other)],
  ['!', not],
  ['!!', truth],
  ['or', or],
  ['and', and],
  ['+', arithmetic((one, other) => one + other, 0)],
  ['*', arithmetic((one, other) => one * other, 1)],
  ['-', minus],
  ['/', arithmetic((one, other) => one / other)],
  ['%', arithmetic((one, other) => one % other)],
  ['max', extreme((one, other) => one > other)],
  ['min', extreme((one, other) => one < other)],
  ['map', map],
  ['filter', filter],
  ['reduce', reduce],
  ['all', all],
  ['none', none],
  ['some', some],
  ['merge', merge],
  ['in', membership],
  ['cat', cat],
  ['substr', substr],
  ['starts_with', affix((text, part) => text.startsWith(part))],
  ['ends_with', affix((text, part) => text.endsWith(part))],
  ['sem_ver', semVer],
  ['fractional', fractional],
]);
