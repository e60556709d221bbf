import type { FlagSet } from '@graylane/flags';
import type { JSX } from 'preact';
import { isRecord, sameJson } from '../../../json/values.ts';
import { readRows } from '../../../rule/read-rows.ts';
import type { RuleRow, RuleRows } from '../../../rule/rows.ts';
import { writeRows } from '../../../rule/write-rows.ts';
import type { Draft } from '../draft/draft.ts';
import { clock } from '../../../live/resource.ts';
import { matchesInWords, type FlagUsage } from '../usage/usage.ts';
import { Matches } from './matches.tsx';
import { OutcomeEditor } from './outcome-editor.tsx';
import { RowEditor } from './row-editor.tsx';
import { suggestionsOf, Suggestions } from '../draft/suggestions.tsx';
import { VariantsEditor } from './variants-editor.tsx';

interface RowsFormProps {
  readonly draft: Draft;
  readonly flags: FlagSet;
  readonly usage: FlagUsage | undefined;
}

/** The flag as a form: who gets which variant, then the variants. */
export function RowsForm({ draft, flags, usage }: RowsFormProps): JSX.Element {
  const definition = draft.definition.value;
  const { targeting, variants, defaultVariant, state, metadata } = definition;
  const rule = readRows(targeting);
  const names = isRecord(variants) ? Object.keys(variants) : [];
  const known = suggestionsOf(flags);
  const fallback = typeof defaultVariant === 'string' ? defaultVariant : undefined;
  // The counts are of the rule that the services run.
  const isServed = sameJson(targeting, draft.base.value?.['targeting']);
  const matches = (index: number): string | undefined => {
    const counted = isServed ? usage?.rules[index] : undefined;
    return counted && matchesInWords(counted, usage?.since ?? '', clock.value);
  };
  const change = (next: RuleRows): void => {
    const written = writeRows(next);
    if (!sameJson(written, targeting)) draft.edit({ targeting: written });
  };
  const changeRows = (rows: readonly RuleRow[]): void => change({ ...rule, rows });
  return (
    <>
      <Suggestions known={known} />
      <section class="card" aria-label="Rule">
        <div class="row">
          <h2>Who gets what</h2>
          <label class="row end">
            <input
              type="checkbox"
              checked={state === 'ENABLED'}
              onChange={(event) =>
                draft.edit({ state: event.currentTarget.checked ? 'ENABLED' : 'DISABLED' })
              }
            />
            enabled
          </label>
        </div>
        {state !== 'ENABLED' && (
          <p class="soft">
            The flag is disabled: every request gets the default of the code, whatever the rows hold.
          </p>
        )}
        <ol class="rule-rows">
          {rule.rows.map((row, index) => (
            <RowEditor
              key={index}
              row={row}
              index={index}
              count={rule.rows.length}
              variants={names}
              fallback={fallback}
              segments={known.segments}
              matches={matches(index)}
              onChange={(changed) => changeRows(rule.rows.with(index, changed))}
              onRemove={() => changeRows(rule.rows.toSpliced(index, 1))}
              onMove={(to) => {
                if (to < 0 || to >= rule.rows.length || to === index) return;
                changeRows(rule.rows.toSpliced(index, 1).toSpliced(to, 0, row));
              }}
            />
          ))}
          <li class="rule-row otherwise">
            <span class="place soft">{rule.rows.length === 0 ? 'all' : 'else'}</span>
            <div class="condition soft">
              {rule.rows.length === 0 ? 'every request' : 'all other requests'}
              <Matches words={rule.rows.length === 0 ? undefined : matches(rule.rows.length)} />
            </div>
            <OutcomeEditor
              label="Otherwise"
              outcome={rule.otherwise}
              variants={names}
              fallback={fallback}
              onChange={(otherwise) => change({ ...rule, otherwise })}
            />
          </li>
        </ol>
        <div class="row">
          <button
            type="button"
            class="button small"
            onClick={() =>
              changeRows([
                ...rule.rows,
                {
                  condition: {
                    kind: 'tests',
                    join: 'and',
                    tests: [{ kind: 'compare', attribute: 'lane', operator: '==', values: ['gray'] }],
                  },
                  outcome: { kind: 'variant', variant: names[0] ?? '' },
                },
              ])
            }
          >
            Add a row
          </button>
          <span class="soft small">
            Rows are tried from the top. To move one, drag its number, or press <kbd>↑</kbd> or <kbd>↓</kbd>{' '}
            on it.
          </span>
        </div>
      </section>
      <VariantsEditor draft={draft} />
      <section class="card" aria-label="About">
        <div class="field">
          <label for="description">Description</label>
          <input
            id="description"
            class="input"
            value={isRecord(metadata) ? String(metadata['description'] ?? '') : ''}
            onInput={(event) => draft.edit({ metadata: describe(metadata, event.currentTarget.value) })}
          />
        </div>
      </section>
    </>
  );
}

function describe(metadata: unknown, description: string): object | undefined {
  const { description: _before, ...others } = isRecord(metadata) ? metadata : {};
  if (description !== '') return { ...(isRecord(metadata) ? metadata : {}), description };
  return Object.keys(others).length === 0 ? undefined : others;
}
