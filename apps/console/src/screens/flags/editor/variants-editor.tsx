import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { isRecord, sameJson } from '../../../json/values.ts';
import type { Draft } from '../draft/draft.ts';

/** The variants with their values, and which one is the default. */
export function VariantsEditor({ draft }: { readonly draft: Draft }): JSX.Element {
  const { variants, defaultVariant } = draft.definition.value;
  const entries = isRecord(variants) ? Object.entries(variants) : [];
  const change = (next: readonly (readonly [string, unknown])[]): void =>
    draft.edit({ variants: Object.fromEntries(next) });
  const freeName = (): string => {
    const taken = new Set(entries.map(([name]) => name));
    let number = entries.length + 1;
    while (taken.has(`variant-${number}`)) number += 1;
    return `variant-${number}`;
  };
  return (
    <section class="card" aria-label="Variants">
      <div class="row">
        <h2>Variants</h2>
        <label class="row end">
          default
          <select
            aria-label="Default variant"
            value={typeof defaultVariant === 'string' ? `=${defaultVariant}` : ''}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              draft.edit({ defaultVariant: chosen === '' ? null : chosen.slice(1) });
            }}
          >
            {entries.map(([name]) => (
              <option key={name} value={`=${name}`}>
                {name}
              </option>
            ))}
            <option value="">the default of the code</option>
          </select>
        </label>
      </div>
      <ul class="variants">
        {entries.map(([name, value], at) => (
          <li key={at} class="row">
            <input
              class="input mono"
              aria-label={`Name of variant ${at + 1}`}
              value={name}
              onChange={(event) => {
                const next = event.currentTarget.value.trim();
                if (next === '' || entries.some(([other]) => other === next))
                  event.currentTarget.value = name;
                else {
                  change(entries.with(at, [next, value]));
                  if (defaultVariant === name) draft.edit({ defaultVariant: next });
                }
              }}
            />
            <span class="soft">=</span>
            <ValueInput
              name={name}
              value={value}
              onChange={(next) => change(entries.with(at, [name, next]))}
            />
            <button
              type="button"
              class="button small plain icon"
              aria-label={`Remove variant ${name}`}
              disabled={entries.length < 2}
              onClick={() => change(entries.toSpliced(at, 1))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <div>
        <button
          type="button"
          class="button small"
          onClick={() => change([...entries, [freeName(), sampleOf(entries[0]?.[1])]])}
        >
          Add a variant
        </button>
      </div>
    </section>
  );
}

interface ValueInputProps {
  readonly name: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** The value as JSON; a string needs no quotes. Text that is not JSON yet changes nothing. */
function ValueInput({ name, value, onChange }: ValueInputProps): JSX.Element {
  const isString = typeof value === 'string';
  const show = (): string => (isString ? value : JSON.stringify(value));
  const typed = useSignal(show());
  const read = (text: string): unknown => {
    if (isString) return text;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  };
  const known = read(typed.value);
  const isValid = known !== undefined;
  const shown = !isValid || sameJson(known, value) ? typed.value : show();
  return (
    <input
      class="input mono values"
      aria-label={`Value of variant ${name}`}
      aria-invalid={!isValid}
      value={shown}
      onInput={(event) => {
        typed.value = event.currentTarget.value;
        const next = read(event.currentTarget.value);
        if (next !== undefined) onChange(next);
      }}
    />
  );
}

function sampleOf(value: unknown): unknown {
  if (typeof value === 'string') return 'new';
  return typeof value === 'boolean' ? !value : (value ?? true);
}
