/** A value that a test compares with. */
export type Literal = string | number | boolean | null;

/**
 * A rule as rows: the first row whose condition holds gives the outcome. Parts that rows cannot
 * show are blocks, which keep their JSON. A part with a `source` is as the document has it, and is
 * written as it was; an edited part has none.
 */
export interface RuleRows {
  readonly rows: readonly RuleRow[];
  readonly otherwise: Outcome;
}

/** One row. */
export interface RuleRow {
  readonly condition: Condition;
  readonly outcome: Outcome;
}

/** Tests of which all or any must hold, or a block. */
export type Condition =
  | {
      readonly kind: 'tests';
      readonly join: 'and' | 'or';
      readonly tests: readonly Test[];
      readonly source?: unknown;
    }
  | Block;

/** A comparison of one attribute, a segment, or a block. */
export type Test =
  | {
      readonly kind: 'compare';
      readonly attribute: string;
      readonly operator: Comparison;
      readonly values: readonly Literal[];
      readonly source?: unknown;
    }
  | { readonly kind: 'segment'; readonly segment: string; readonly isIn: boolean; readonly source?: unknown }
  | Block;

/** Where a row leads: a variant, a split by percentages, the default variant, or a block. */
export type Outcome =
  | { readonly kind: 'variant'; readonly variant: string; readonly source?: unknown }
  | {
      readonly kind: 'split';
      /** The expression of the bucket key; undefined for the targeting key. */
      readonly by?: unknown;
      readonly shares: readonly Share[];
      readonly source?: unknown;
    }
  | { readonly kind: 'default'; readonly source?: unknown }
  | Block;

/** A part of a split. */
export interface Share {
  readonly variant: string;
  readonly weight: number;
}

/** JSON that rows cannot show. */
export interface Block {
  readonly kind: 'block';
  readonly source: unknown;
}

/** The comparisons that rows show, with their words. */
export const comparisons = {
  '==': 'is',
  '===': 'is exactly',
  '!=': 'is not',
  '!==': 'is not exactly',
  in: 'is one of',
  'not in': 'is none of',
  contains: 'contains',
  starts_with: 'starts with',
  ends_with: 'ends with',
  '<': 'is less than',
  '<=': 'is at most',
  '>': 'is more than',
  '>=': 'is at least',
  'version =': 'is version',
  'version >=': 'is at least version',
  'version >': 'is newer than version',
  'version <=': 'is at most version',
  'version <': 'is older than version',
  'version ^': 'has the major version of',
  'version ~': 'has the minor version of',
} as const;

/** A comparison of {@link comparisons}. */
export type Comparison = keyof typeof comparisons;

/** Whether a comparison takes several values. */
export function takesMany(operator: Comparison): boolean {
  return operator === 'in' || operator === 'not in';
}
