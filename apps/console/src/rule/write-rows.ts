import type { Condition, Outcome, RuleRows, Test } from './rows.ts';

/** Writes rows as the `targeting` of a flag; undefined if the rule is the default variant alone. */
export function writeRows({ rows, otherwise }: RuleRows): unknown {
  if (rows.length === 0) {
    if (otherwise.kind === 'default') return undefined;
    // The rule of a flag must be an operation.
    return otherwise.kind === 'variant' ? { if: [true, writeOutcome(otherwise)] } : writeOutcome(otherwise);
  }
  const chain = rows.flatMap(({ condition, outcome }) => [writeCondition(condition), writeOutcome(outcome)]);
  return { if: otherwise.kind === 'default' ? chain : [...chain, writeOutcome(otherwise)] };
}

function writeCondition(condition: Condition): unknown {
  if ('source' in condition) return condition.source;
  const [first, ...more] = condition.tests.map(writeTest);
  return more.length === 0 ? first : { [condition.join]: [first, ...more] };
}

function writeTest(test: Test): unknown {
  if ('source' in test) return test.source;
  if (test.kind === 'segment') {
    const segment = { $ref: test.segment };
    return test.isIn ? segment : { '!': [segment] };
  }
  const { attribute, operator, values } = test;
  const read = { var: attribute };
  const [value = ''] = values;
  if (operator === 'in') return { in: [read, values] };
  if (operator === 'not in') return { '!': [{ in: [read, values] }] };
  if (operator === 'contains') return { in: [String(value), read] };
  if (operator.startsWith('version ')) {
    return { sem_ver: [read, operator.slice('version '.length), String(value)] };
  }
  return { [operator]: [read, value] };
}

function writeOutcome(outcome: Outcome): unknown {
  if ('source' in outcome) return outcome.source;
  switch (outcome.kind) {
    case 'variant':
      return outcome.variant;
    case 'split': {
      const shares = outcome.shares.map(({ variant, weight }) => [variant, weight]);
      return { fractional: outcome.by === undefined ? shares : [outcome.by, ...shares] };
    }
    default:
      return null;
  }
}
