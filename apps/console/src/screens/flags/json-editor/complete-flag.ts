import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { FlagSet } from '@graylane/flags';
import { isRecord } from '../../../json/values.ts';
import type { Draft } from '../draft/draft.ts';
import { suggestionsOf } from '../draft/suggestions.tsx';

const operators = [
  'if',
  'and',
  'or',
  '!',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'var',
  'starts_with',
  'ends_with',
  'sem_ver',
  'fractional',
  '$ref',
];
const members = ['state', 'variants', 'defaultVariant', 'targeting', 'metadata'];

/** Completes strings from what the environment knows: variants, attributes, segments, operators. */
export function completeFlag(
  context: CompletionContext,
  draft: Draft,
  flags: FlagSet | undefined,
): CompletionResult | null {
  const word = context.matchBefore(/"[^"\n]*/);
  if (word === null) return null;
  const { variants } = draft.definition.peek();
  const known = flags === undefined ? { attributes: [], segments: [] } : suggestionsOf(flags);
  const option = (detail: string, boost: number) => (label: string) => ({ label, detail, boost });
  const options = [
    ...(isRecord(variants) ? Object.keys(variants) : []).map(option('variant', 4)),
    ...known.attributes.map(option('attribute', 3)),
    ...known.segments.map(option('segment', 2)),
    ...operators.map(option('operator', 1)),
    ...members.map(option('member', 0)),
  ];
  return { from: word.from + 1, options, validFor: /^[^"\n]*$/ };
}
