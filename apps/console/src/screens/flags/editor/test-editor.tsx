import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { sameJson } from '../../../json/values.ts';
import { readLiteral, readLiterals, showLiteral, showLiterals } from '../../../rule/operations.ts';
import { comparisons, takesMany, type Comparison, type Literal, type Test } from '../../../rule/rows.ts';
import { Block } from './block.tsx';
import { attributeList } from '../draft/suggestions.tsx';

interface TestEditorProps {
  readonly test: Test;
  readonly label: string;
  readonly segments: readonly string[];
  readonly onChange: (test: Test) => void;
}

/** One test: an attribute, a comparison and values; or a segment. */
export function TestEditor({ test, label, segments, onChange }: TestEditorProps): JSX.Element {
  if (test.kind === 'block') return <Block source={test.source} what={label} />;
  if (test.kind === 'segment') {
    return (
      <>
        <select
          aria-label={`In or not in the segment, ${label}`}
          value={String(test.isIn)}
          onChange={(event) =>
            onChange({ kind: 'segment', segment: test.segment, isIn: event.currentTarget.value === 'true' })
          }
        >
          <option value="true">in segment</option>
          <option value="false">not in segment</option>
        </select>
        <select
          aria-label={`Segment, ${label}`}
          value={test.segment}
          onChange={(event) =>
            onChange({ kind: 'segment', segment: event.currentTarget.value, isIn: test.isIn })
          }
        >
          {[...new Set([...segments, test.segment])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </>
    );
  }
  const { attribute, operator, values } = test;
  const change = (changes: Partial<Omit<Test & { kind: 'compare' }, 'kind' | 'source'>>): void =>
    onChange({ kind: 'compare', attribute, operator, values, ...changes });
  return (
    <>
      <input
        class="input mono attribute"
        aria-label={`Attribute, ${label}`}
        list={attributeList}
        value={attribute}
        onInput={(event) => change({ attribute: event.currentTarget.value })}
      />
      <select
        aria-label={`Comparison, ${label}`}
        value={operator}
        onChange={(event) => {
          const next = event.currentTarget.value;
          if (next === 'segment') onChange({ kind: 'segment', segment: segments[0] ?? '', isIn: true });
          else
            change({
              operator: next as Comparison,
              values: takesMany(next as Comparison) ? values : values.slice(0, 1),
            });
        }}
      >
        {Object.entries(comparisons).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
        {segments.length > 0 && <option value="segment">is in a segment …</option>}
      </select>
      <ValuesInput
        label={`Value, ${label}`}
        values={values}
        isMany={takesMany(operator)}
        onChange={(next) => change({ values: next })}
      />
    </>
  );
}

interface ValuesInputProps {
  readonly label: string;
  readonly values: readonly Literal[];
  readonly isMany: boolean;
  readonly onChange: (values: readonly Literal[]) => void;
}

/** A field for values. The typed text stays as it is, for example with a comma at the end. */
function ValuesInput({ label, values, isMany, onChange }: ValuesInputProps): JSX.Element {
  const read = (text: string): readonly Literal[] => (isMany ? readLiterals(text) : [readLiteral(text)]);
  const show = (): string =>
    values.length === 1 && values[0] === ''
      ? ''
      : isMany
        ? showLiterals(values)
        : values.map(showLiteral).join();
  const typed = useSignal(show());
  const shown = sameJson(read(typed.value), values) ? typed.value : show();
  return (
    <input
      class="input mono values"
      aria-label={label}
      placeholder={isMany ? 'a, b, c' : 'value'}
      value={shown}
      onInput={(event) => {
        typed.value = event.currentTarget.value;
        onChange(read(event.currentTarget.value));
      }}
    />
  );
}
