import { effect, signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

/** Fields of a form, as text. */
type Fields = Readonly<Record<string, string>>;

/** A form whose text survives a reload of the page, and ends with the tab. */
export interface Form<T extends Fields> {
  readonly values: T;
  readonly set: (name: keyof T & string) => (value: string) => void;
  /** Forgets what was typed: the form has done its work, or is given up. */
  readonly clear: () => void;
}

const storageKey = 'graylane-forms';

/** The text of all open forms, by the place of each. */
const typed = signal(
  JSON.parse(sessionStorage.getItem(storageKey) ?? '{}') as Readonly<Record<string, Fields>>,
);

effect(() => sessionStorage.setItem(storageKey, JSON.stringify(typed.value)));

/** The form of this place; each field begins with the value given, until something is typed. */
export function useForm<T extends Fields>(empty: T): Form<T> {
  const name = useMemo(nameOfPlace, []);
  const known = typed.value[name];
  return {
    values: { ...empty, ...known },
    set: (field) => (value) => {
      typed.value = { ...typed.peek(), [name]: { ...typed.peek()[name], [field]: value } };
    },
    clear: () => {
      const { [name]: _ended, ...others } = typed.peek();
      typed.value = others;
    },
  };
}

/** Each screen and each dialog of a screen has a form of its own. */
function nameOfPlace(): string {
  const query = new URLSearchParams(location.search);
  return [location.pathname, query.get('dialog') ?? '', query.get('about') ?? ''].join(' ');
}
