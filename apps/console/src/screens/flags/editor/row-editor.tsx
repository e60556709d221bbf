import type { JSX } from 'preact';
import type { Condition, RuleRow, Test } from '../../../rule/rows.ts';
import { Block } from './block.tsx';
import { followPointer } from './follow-pointer.ts';
import { Matches } from './matches.tsx';
import { OutcomeEditor } from './outcome-editor.tsx';
import { TestEditor } from './test-editor.tsx';

interface RowEditorProps {
  readonly row: RuleRow;
  readonly index: number;
  readonly count: number;
  readonly variants: readonly string[];
  readonly fallback: string | undefined;
  readonly segments: readonly string[];
  /** How many evaluations matched, in words. */
  readonly matches: string | undefined;
  readonly onChange: (row: RuleRow) => void;
  readonly onRemove: () => void;
  readonly onMove: (to: number) => void;
}

/** One row: its place, its condition, and the outcome. */
export function RowEditor(props: RowEditorProps): JSX.Element {
  const { row, index, count, variants, fallback, segments, matches, onChange, onRemove, onMove } = props;
  const place = index + 1;
  const onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const list = event.currentTarget.closest('ol');
    onMove(index + step);
    requestAnimationFrame(() => list?.querySelectorAll<HTMLElement>('.place button')[index + step]?.focus());
  };
  return (
    <li class="rule-row" data-row={index}>
      <span class="place">
        <button
          type="button"
          class="button small plain icon handle number"
          aria-label={`Row ${place} of ${count}. Arrow keys move it`}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => followPointer(event, onMove)}
        >
          {place}
        </button>
      </span>
      <ConditionEditor
        condition={row.condition}
        place={place}
        segments={segments}
        matches={matches}
        onChange={(condition) => onChange({ ...row, condition })}
      />
      <OutcomeEditor
        label={`Outcome of row ${place}`}
        outcome={row.outcome}
        variants={variants}
        fallback={fallback}
        onChange={(outcome) => onChange({ ...row, outcome })}
      />
      <button
        type="button"
        class="button small plain icon remove"
        aria-label={`Remove row ${place}`}
        onClick={onRemove}
      >
        ×
      </button>
    </li>
  );
}

interface ConditionProps {
  readonly condition: Condition;
  readonly place: number;
  readonly segments: readonly string[];
  readonly matches: string | undefined;
  readonly onChange: (condition: Condition) => void;
}

function ConditionEditor({ condition, place, segments, matches, onChange }: ConditionProps): JSX.Element {
  if (condition.kind === 'block')
    return <Block source={condition.source} what={`condition of row ${place}`} />;
  const { tests, join } = condition;
  const change = (next: readonly Test[], by: 'and' | 'or' = join): void =>
    onChange({ kind: 'tests', join: by, tests: next });
  return (
    <div class="condition">
      {tests.map((test, at) => (
        <div class="test" key={at}>
          <Join isFirst={at === 0} isSecond={at === 1} join={join} onChange={(by) => change(tests, by)} />
          <TestEditor
            test={test}
            label={`row ${place}, test ${at + 1}`}
            segments={segments}
            onChange={(changed) => change(tests.with(at, changed))}
          />
          {tests.length > 1 && (
            <button
              type="button"
              class="button small plain icon"
              aria-label={`Remove test ${at + 1} of row ${place}`}
              onClick={() => change(tests.toSpliced(at, 1))}
            >
              ×
            </button>
          )}
        </div>
      ))}
      <div class="row">
        <button
          type="button"
          class="button small plain add"
          onClick={() =>
            change([...tests, { kind: 'compare', attribute: 'region', operator: '==', values: [''] }])
          }
        >
          + {join}
        </button>
        <Matches words={matches} />
      </div>
    </div>
  );
}

interface JoinProps {
  readonly isFirst: boolean;
  readonly isSecond: boolean;
  readonly join: 'and' | 'or';
  readonly onChange: (join: 'and' | 'or') => void;
}

function Join({ isFirst, isSecond, join, onChange }: JoinProps): JSX.Element {
  if (isFirst) return <span class="join soft">if</span>;
  if (!isSecond) return <span class="join soft">{join}</span>;
  return (
    <select
      class="join"
      aria-label="All or any of the tests"
      value={join}
      onChange={(event) => onChange(event.currentTarget.value as 'and' | 'or')}
    >
      <option value="and">and</option>
      <option value="or">or</option>
    </select>
  );
}
