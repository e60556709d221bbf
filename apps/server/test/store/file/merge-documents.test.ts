import { compileFlags, evaluate } from '@graylane/flags';
import { describe, expect, test } from 'vitest';
import { toParsedDocument, type FlagDocument } from '../../../src/model/document.ts';
import { mergeDocuments } from '../../../src/store/feed/merge-documents.ts';

const switched = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const insiders = { ...switched, targeting: { if: [{ $ref: 'insider' }, 'on'] } };
const tenant = (name: string): object => ({ '==': [{ var: 'tenant' }, name] });

describe('merged documents', () => {
  test('have the flags of all, and of flags with the same key that of the last', () => {
    const on = { ...switched, defaultVariant: 'on' };
    expect(merged({ flags: { a: switched, b: switched } }, { flags: { b: on, c: on } })).toEqual({
      flags: { a: switched, b: on, c: on },
    });
  });

  test('keep segments apart that the documents define differently', () => {
    const document = merged(
      { $evaluators: { insider: tenant('qa'), shared: tenant('x') }, flags: { a: insiders } },
      { $evaluators: { insider: tenant('staff'), shared: tenant('x') }, flags: { b: insiders } },
    );
    expect(Object.keys(document['$evaluators'] as object)).toEqual([
      'insider (0.json)',
      'shared',
      'insider (1.json)',
    ]);
    const flags = compileFlags(document);
    expect(flags.warnings).toEqual([]);
    const results = ['qa', 'staff'].map((name) =>
      ['a', 'b'].map((key) => evaluate(flags, key, { tenant: name }).value),
    );
    expect(results).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test('keep the metadata of a document with its own flags', () => {
    const document = merged(
      { metadata: { team: 'money', version: 1 }, flags: { a: switched } },
      { metadata: { team: 'money', version: 2 }, flags: { b: { ...switched, metadata: { version: 3 } } } },
    );
    expect(document).toEqual({
      metadata: { team: 'money' },
      flags: {
        a: { ...switched, metadata: { version: 1 } },
        b: { ...switched, metadata: { version: 3 } },
      },
    });
  });

  test('must hash alike', () => {
    const documents = ['v2', 'v3'].map((fractionalHash, index) => ({
      name: `${index}.json`,
      ...toParsedDocument({ metadata: { fractionalHash }, flags: {} }),
    }));
    expect(mergeDocuments(documents)).toEqual({
      problems: [
        {
          path: '$.metadata.fractionalHash',
          message: '0.json has "v2", and 1.json has "v3"',
          remedy: 'set the same value in every file',
        },
      ],
    });
  });
});

function merged(...documents: readonly FlagDocument[]): FlagDocument {
  const result = mergeDocuments(
    documents.map((document, index) => ({ name: `${index}.json`, ...toParsedDocument(document) })),
  );
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return { ...result.shared, flags: Object.fromEntries(result.flags) };
}
