import type { JSX } from 'preact';
import type { Outcome, Share } from '../../../rule/rows.ts';
import { bucketKeyInWords, sharesInPercent } from '../../../rule/words.ts';
import { Block } from './block.tsx';
import { attributeList } from '../draft/suggestions.tsx';

interface OutcomeEditorProps {
  readonly label: string;
  readonly outcome: Outcome;
  readonly variants: readonly string[];
  /** The default variant; undefined where the code has the default. */
  readonly fallback: string | undefined;
  readonly onChange: (outcome: Outcome) => void;
}

/** The variant that a row gives, or percentages of several. */
export function OutcomeEditor({
  label,
  outcome,
  variants,
  fallback,
  onChange,
}: OutcomeEditorProps): JSX.Element {
  if (outcome.kind === 'block') return <Block source={outcome.source} what={label.toLowerCase()} />;
  const value = outcome.kind === 'variant' ? `=${outcome.variant}` : outcome.kind;
  const unknown = outcome.kind === 'variant' && !variants.includes(outcome.variant) ? [outcome.variant] : [];
  return (
    <div class="outcome">
      <span class="soft" aria-hidden="true">
        →
      </span>
      <select
        aria-label={label}
        value={value}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          if (chosen === 'default') onChange({ kind: 'default' });
          else if (chosen === 'split') onChange(evenSplit(variants));
          else onChange({ kind: 'variant', variant: chosen.slice(1) });
        }}
      >
        {[...variants, ...unknown].map((name) => (
          <option key={name} value={`=${name}`}>
            {name}
          </option>
        ))}
        <option value="split">by percentage …</option>
        <option value="default">
          {fallback === undefined ? 'default of the code' : `default (${fallback})`}
        </option>
      </select>
      {outcome.kind === 'split' && (
        <Split label={label} split={outcome} variants={variants} onChange={onChange} />
      )}
    </div>
  );
}

interface SplitProps {
  readonly label: string;
  readonly split: Outcome & { readonly kind: 'split' };
  readonly variants: readonly string[];
  readonly onChange: (outcome: Outcome) => void;
}

function Split({ label, split, variants, onChange }: SplitProps): JSX.Element {
  const { shares, by } = split;
  const change = (next: readonly Share[]): void =>
    onChange({ kind: 'split', ...(by !== undefined && { by }), shares: next });
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  const percents = sharesInPercent(shares);
  const unused = variants.filter((name) => !shares.some(({ variant }) => variant === name));
  return (
    <div class="split">
      <div class="bar" aria-hidden="true">
        {shares.map(({ weight }, at) => (
          <span
            key={at}
            class={`part p${at % 4}`}
            style={{ flexGrow: String(total === 0 ? 0 : weight / total) }}
          />
        ))}
      </div>
      {shares.map(({ variant, weight }, at) => (
        <label key={at} class="share">
          <span class={`key p${at % 4}`} aria-hidden="true" />
          <span class="mono">{variant}</span>
          <input
            class="input number"
            type="number"
            min={0}
            step={1}
            aria-label={`Weight of ${variant}, ${label}`}
            value={weight}
            onInput={(event) =>
              change(shares.with(at, { variant, weight: toWeight(event.currentTarget.value) }))
            }
          />
          <span class="soft small number">{total === 100 ? '%' : `= ${percents[at]?.percent}`}</span>
          <button
            type="button"
            class="button small plain icon"
            aria-label={`Remove ${variant} from the split`}
            disabled={shares.length < 2}
            onClick={() => change(shares.toSpliced(at, 1))}
          >
            ×
          </button>
        </label>
      ))}
      <div class="row small">
        <span class="soft">bucketed by</span>
        {by === undefined || isRead(by) ? (
          <input
            class="input mono attribute"
            aria-label={`Bucket key, ${label}`}
            list={attributeList}
            value={bucketKeyInWords(by)}
            onInput={(event) => {
              const attribute = event.currentTarget.value.trim();
              const next = attribute === '' || attribute === 'targetingKey' ? {} : { by: { var: attribute } };
              onChange({ kind: 'split', ...next, shares });
            }}
          />
        ) : (
          <span class="mono">{bucketKeyInWords(by)}</span>
        )}
        {unused.map((name) => (
          <button
            key={name}
            type="button"
            class="button small plain"
            onClick={() => change([...shares, { variant: name, weight: 0 }])}
          >
            + {name}
          </button>
        ))}
      </div>
    </div>
  );
}

function isRead(by: unknown): boolean {
  return typeof by === 'object' && by !== null && Object.keys(by).join() === 'var';
}

function toWeight(text: string): number {
  const weight = Math.round(Number(text));
  return Number.isFinite(weight) && weight >= 0 ? weight : 0;
}

function evenSplit(variants: readonly string[]): Outcome {
  const [first = '', ...others] = variants;
  const rest = others[0];
  return {
    kind: 'split',
    shares: [
      { variant: first, weight: rest === undefined ? 100 : 5 },
      ...(rest === undefined ? [] : [{ variant: rest, weight: 95 }]),
    ],
  };
}
