import { attributeOf, loneOperation, showLiteral } from './operations.ts';
import { readRows } from './read-rows.ts';
import { comparisons, type Condition, type Outcome, type Test } from './rows.ts';

/** The rule of a flag in a line of words; undefined without a rule. */
export function ruleInWords(targeting: unknown, defaultVariant: unknown): string | undefined {
  const { rows, otherwise } = readRows(targeting);
  if (rows.length === 0 && otherwise.kind === 'default') return undefined;
  const fallback = typeof defaultVariant === 'string' ? defaultVariant : 'the default of the code';
  const parts = rows
    .slice(0, 3)
    .map(({ condition, outcome }) => `${conditionInWords(condition)} → ${outcomeInWords(outcome, fallback)}`);
  if (rows.length > 3) parts.push(`${rows.length - 3} more rows`);
  const last = outcomeInWords(otherwise, fallback);
  return rows.length === 0 ? last : [...parts, `else ${last}`].join('; ');
}

/** "lane is gray and region is one of a, b". */
function conditionInWords(condition: Condition): string {
  if (condition.kind === 'block') return 'a rule in JSON';
  return condition.tests.map(testInWords).join(` ${condition.join} `);
}

/** "on", or "on for 5 %, off for 95 %". */
function outcomeInWords(outcome: Outcome, fallback: string): string {
  switch (outcome.kind) {
    case 'variant':
      return outcome.variant;
    case 'split':
      return sharesInPercent(outcome.shares)
        .map(({ variant, percent }) => `${variant} for ${percent}`)
        .join(', ');
    case 'default':
      return fallback;
    default:
      return 'a result in JSON';
  }
}

/** The shares of a split in percent of their sum. */
export function sharesInPercent(
  shares: readonly { readonly variant: string; readonly weight: number }[],
): { readonly variant: string; readonly percent: string }[] {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  return shares.map(({ variant, weight }) => ({
    variant,
    percent: `${total === 0 ? 0 : Number(((weight / total) * 100).toFixed(2))} %`,
  }));
}

/** The attribute that a split is bucketed by, in words. */
export function bucketKeyInWords(by: unknown): string {
  if (by === undefined) return 'targetingKey';
  const attribute = attributeOf(by);
  if (attribute !== undefined) return attribute;
  const operation = loneOperation(by);
  if (operation?.operator === 'cat' && Array.isArray(operation.operand)) {
    const attributes = operation.operand.map(attributeOf).filter((name) => name !== undefined);
    const own = attributes.filter((name) => !name.startsWith('$flagd.'));
    if (attributes.length === operation.operand.length && own.length > 0) return own.join(' with ');
  }
  return 'a key made by a rule';
}

function testInWords(test: Test): string {
  if (test.kind === 'block') return 'a test in JSON';
  if (test.kind === 'segment') return `${test.isIn ? 'in' : 'not in'} segment ${test.segment}`;
  const values = test.values.map(showLiteral);
  const shown = values.length > 4 ? [...values.slice(0, 3), `${values.length - 3} more`] : values;
  return `${test.attribute} ${comparisons[test.operator]} ${shown.join(', ')}`;
}
