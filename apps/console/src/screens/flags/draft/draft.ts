import { checkFlag, type FlagSet } from '@graylane/flags';
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ApiProblem } from '../../../api/request.ts';
import { isRecord, sameJson } from '../../../json/values.ts';

/** The fields of a flag; others may stand beside them. */
export type Definition = Readonly<Record<string, unknown>>;

interface Stored {
  /** The definition that the draft began at; absent for a new flag. */
  readonly base?: Definition;
  readonly text: string;
  readonly reason?: string;
}

/** An unsaved change of one flag. It survives a reload of the page, and ends with the tab. */
export class Draft {
  readonly key: string;
  readonly #storageKey: string;
  readonly #base: Signal<Definition | undefined>;
  readonly #text: Signal<string>;
  readonly #reason: Signal<string>;
  /** The draft as JSON; an error while it is being typed. */
  readonly parsed: ReadonlySignal<{ readonly definition: Definition } | { readonly error: string }>;
  readonly isChanged: ReadonlySignal<boolean>;
  /** The last definition that could be read, for the rows and the evaluations. */
  readonly definition: ReadonlySignal<Definition>;

  constructor(environment: string, key: string, base: Definition | undefined) {
    this.key = key;
    this.#storageKey = storageKeyOf(environment, key);
    const stored = read(this.#storageKey);
    this.#base = signal(stored ? stored.base : base);
    this.#text = signal(stored?.text ?? write(base));
    this.#reason = signal(stored?.reason ?? '');
    this.parsed = computed(() => parse(this.#text.value));
    this.isChanged = computed(() => {
      const parsed = this.parsed.value;
      return !('definition' in parsed) || !sameJson(parsed.definition, this.#base.value ?? {});
    });
    let last: Definition = this.#base.value ?? {};
    this.definition = computed(() => {
      const parsed = this.parsed.value;
      if ('definition' in parsed) last = parsed.definition;
      return last;
    });
  }

  get base(): ReadonlySignal<Definition | undefined> {
    return this.#base;
  }

  get text(): ReadonlySignal<string> {
    return this.#text;
  }

  /** Why the flag is changed. */
  get reason(): ReadonlySignal<string> {
    return this.#reason;
  }

  explain(reason: string): void {
    this.#reason.value = reason;
    this.#store();
  }

  /** Replaces the draft by what was typed. */
  type(text: string): void {
    this.#text.value = text;
    this.#store();
  }

  /** Changes members of the definition; undefined removes one. The others keep their place. */
  edit(changes: Readonly<Record<string, unknown>>): void {
    const definition: Record<string, unknown> = { ...this.definition.peek(), ...changes };
    for (const [name, value] of Object.entries(changes)) if (value === undefined) delete definition[name];
    this.type(write(definition));
  }

  /** Begins again at a definition: the saved one, or a newer one of the server. */
  restart(base: Definition | undefined, definition: Definition | undefined = base): void {
    this.#base.value = base;
    this.#text.value = write(definition);
    if (!this.isChanged.peek()) this.#reason.value = '';
    this.#store();
  }

  /** The faults of the draft, checked as the server does. */
  problems(flags: FlagSet | undefined): ApiProblem[] {
    const parsed = this.parsed.value;
    if ('error' in parsed) {
      return [{ path: '$', message: 'the draft is not JSON', remedy: parsed.error }];
    }
    const { $evaluators } = flags?.document ?? {};
    return checkFlag(this.key, parsed.definition, isRecord($evaluators) ? $evaluators : {});
  }

  #store(): void {
    if (!this.isChanged.peek()) sessionStorage.removeItem(this.#storageKey);
    else {
      const base = this.#base.peek();
      const stored: Stored = { ...(base && { base }), text: this.#text.peek(), reason: this.#reason.peek() };
      sessionStorage.setItem(this.#storageKey, JSON.stringify(stored));
    }
  }
}

/** Whether a flag has an unsaved change in this tab. */
export function hasDraft(environment: string, key: string): boolean {
  return sessionStorage.getItem(storageKeyOf(environment, key)) !== null;
}

function storageKeyOf(environment: string, key: string): string {
  return `graylane-draft:${environment}:${key}`;
}

function read(storageKey: string): Stored | undefined {
  const stored = sessionStorage.getItem(storageKey);
  return stored === null ? undefined : (JSON.parse(stored) as Stored);
}

function write(definition: Definition | undefined): string {
  return JSON.stringify(definition ?? {}, null, 2);
}

function parse(text: string): { readonly definition: Definition } | { readonly error: string } {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? { definition: value } : { error: 'make it an object' };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
