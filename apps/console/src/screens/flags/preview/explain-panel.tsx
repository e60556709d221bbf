import { explain, type ExplainedRead, type ExplainedStep, type FlagSet } from '@graylane/flags';
import type { JSX } from 'preact';
import { comparisons } from '../../../rule/rows.ts';
import { Bucket } from './bucket.tsx';
import type { Context } from './contexts.ts';

interface ExplainProps {
  readonly flagKey: string;
  readonly flags: FlagSet;
  readonly context: Context;
  readonly isDraft: boolean;
}

/**
 * The way of one context through the rule: each condition, the values read, and the bucket drawn.
 */
export function ExplainPanel({ flagKey, flags, context, isDraft }: ExplainProps): JSX.Element {
  const { evaluation, rule } = explain(flags, flagKey, context);
  const { variant, value, reason, errorMessage } = evaluation;
  return (
    <section class="card explain" aria-label="Why">
      <div class="row">
        <h2>Why {variant === undefined ? 'the default of the code' : <span class="mono">{variant}</span>}</h2>
        <span class="badge">{reasons[reason]}</span>
        {isDraft && <span class="badge warn">by the draft</span>}
      </div>
      <p class="mono small soft context">{JSON.stringify(context)}</p>
      {errorMessage !== undefined && <p class="notice bad">{errorMessage}</p>}
      {rule ? (
        <ol class="steps">
          <Step step={rule} />
        </ol>
      ) : (
        <p class="soft">No rule ran: the definition alone decides.</p>
      )}
      {variant !== undefined && value !== undefined && (
        <p class="small">
          value <code>{JSON.stringify(value)}</code>
        </p>
      )}
    </section>
  );
}

const reasons = {
  STATIC: 'no rule',
  TARGETING_MATCH: 'a row matched',
  DEFAULT: 'no row matched',
  DISABLED: 'disabled',
  ERROR: 'error',
} as const;

function Step({ step }: { readonly step: ExplainedStep }): JSX.Element {
  const { result, error, choice, bucket, steps, omitted, versions } = step;
  if (choice) {
    return (
      <>
        {choice.conditions.map(({ path, holds, value, step: at }, index) => (
          <li key={path} class={holds ? 'holds' : 'fails'}>
            <span class="mark" aria-hidden="true">
              {holds ? '✓' : '·'}
            </span>
            <div>
              <span>
                Row {index + 1} {holds ? 'holds' : 'does not hold'}
              </span>
              {at === undefined ? (
                <code class="soft"> {JSON.stringify(value)}</code>
              ) : (
                <Steps of={steps.slice(at, at + 1)} />
              )}
            </div>
          </li>
        ))}
        {choice.omitted > 0 && <li class="soft">{choice.omitted} rows are left out here</li>}
        {resultSteps(step).map((below) => (
          <Step key={below.path} step={below} />
        ))}
      </>
    );
  }
  const below = steps.filter(({ operator: name }) => name !== 'var');
  return (
    <li>
      <span class="mark" aria-hidden="true">
        {result === true ? '✓' : result === false ? '·' : '='}
      </span>
      <div>
        <span>{stepInWords(step)}</span>
        {(error !== undefined || typeof result !== 'boolean') && (
          <span class="soft">
            {' '}
            is <code>{error ?? JSON.stringify(result)}</code>
          </span>
        )}
        {readsOf(step).map(({ path, value, present }) => (
          <span class="read" key={path}>
            {path} = {present ? <code>{JSON.stringify(value)}</code> : 'absent'}
          </span>
        ))}
        {versions && <span class="soft"> versions {versions.map((one) => one ?? 'none').join(' and ')}</span>}
        {bucket && <Bucket bucket={bucket} />}
        <Steps of={below} />
        {omitted !== undefined && <p class="soft small">{omitted} steps are left out</p>}
      </div>
    </li>
  );
}

/** The facts that a step and its operands read. */
function readsOf({ reads = [], steps, bucket }: ExplainedStep): readonly ExplainedRead[] {
  const below = steps.flatMap(({ operator, reads: read = [] }) => (operator === 'var' ? read : []));
  return bucket ? [] : [...reads, ...below].filter(({ path }) => path !== '');
}

/** "lane is gray", "all of", "not". */
function stepInWords({ operator, operands, steps }: ExplainedStep): string {
  const known = words[operator];
  if (known !== undefined) return known;
  const [first = '', ...others] = operands.map(({ value, step }) => {
    const read = step === undefined ? undefined : steps[step];
    const path = read?.operator === 'var' ? read.reads?.[0]?.path : undefined;
    return path ?? (typeof value === 'string' ? value : (JSON.stringify(value) ?? '…'));
  });
  const comparison =
    operator === 'in' ? 'is in' : Object.entries(comparisons).find(([name]) => name === operator)?.[1];
  return comparison === undefined
    ? `${operator} ${[first, ...others].join(', ')}`
    : `${first} ${comparison} ${others.join(', ')}`;
}

const words: Readonly<Record<string, string>> = {
  and: 'all of',
  or: 'any of',
  '!': 'not',
  fractional: 'a split by percentages',
};

function Steps({ of }: { readonly of: readonly ExplainedStep[] }): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <ol class="steps">
      {of.map((step) => (
        <Step key={step.path} step={step} />
      ))}
    </ol>
  );
}

/** The steps of an `if` that made its result, not its conditions. */
function resultSteps({ steps, choice }: ExplainedStep): readonly ExplainedStep[] {
  const conditions = new Set(choice?.conditions.map(({ step }) => step));
  return steps.filter((_, index) => !conditions.has(index));
}
