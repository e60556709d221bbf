import { anyNumber, operands } from '../check-operands.ts';
import type { Operator, Operators } from '../rule.ts';
import { binary, extreme, minus, repeated } from './arithmetic.ts';
import { all, filter, map, merge, none, reduce, some } from './array.ts';
import { different, distinct, equal, identical, ordered } from './comparison.ts';
import { fractional } from './fractional.ts';
import { choose, ternary } from './if.ts';
import { membership } from './in.ts';
import { and, not, or, truth } from './logic.ts';
import { missing, missingSome } from './missing.ts';
import { semVer } from './sem-ver.ts';
import { cat, endsWith, startsWith, substr } from './string.ts';
import { variable } from './variable.ts';

/** JsonLogic's operators, and flagd's own four. */
export const operators: Operators = new Map<string, Operator>([
  ['var', variable],
  ['missing', missing],
  ['missing_some', missingSome],
  ['if', choose],
  ['?:', ternary],
  ['==', equal],
  ['!=', different],
  ['===', identical],
  ['!==', distinct],
  ['>', ordered((one, other) => one > other, 2)],
  ['>=', ordered((one, other) => one >= other, 2)],
  ['<', ordered((one, other) => one < other, 3)],
  ['<=', ordered((one, other) => one <= other, 3)],
  ['!', not],
  ['!!', truth],
  ['or', or],
  ['and', and],
  ['+', repeated((one, other) => one + other, 0, operands(1, anyNumber))],
  ['*', repeated((one, other) => one * other, 1, operands(2, anyNumber))],
  ['-', minus],
  ['/', binary((one, other) => one / other)],
  ['%', binary((one, other) => one % other)],
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
  ['starts_with', startsWith],
  ['ends_with', endsWith],
  ['sem_ver', semVer],
  ['fractional', fractional],
]);
