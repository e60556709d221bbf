import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** The control, with the id that the label names. */
  readonly children: (id: string) => ComponentChildren;
}

/** A control with its label. */
function Field({ label, hint, children }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <span class="hint">{hint}</span>}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly isSecret?: boolean;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly mono?: boolean;
}

/** A line of text with its label. */
export function TextField({
  label,
  value,
  onInput,
  hint,
  isSecret = false,
  placeholder,
  required,
  mono,
}: TextFieldProps): JSX.Element {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <input
          id={id}
          class={mono ? 'input mono' : 'input'}
          {...(isSecret ? ({ type: 'password' } as const) : ({ type: 'text' } as const))}
          value={value}
          placeholder={placeholder}
          required={required}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChange: (value: string) => void;
  readonly hint?: ComponentChildren;
}

/** A choice with its label. */
export function SelectField({ label, value, options, onChange, hint }: SelectFieldProps): JSX.Element {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
