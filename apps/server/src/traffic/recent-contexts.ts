import { isObject } from '../is-object.ts';
import { cutText } from '../signals/cut-text.ts';

/** The contexts of one environment that are kept, and the characters of a value. */
const [maxContexts, maxValue] = [200, 200];

/** An evaluation context, reduced to the attributes that may be recorded. */
export interface RecentContext {
  readonly context: Readonly<Record<string, unknown>>;
  /** How often it was evaluated since it is kept. */
  readonly count: number;
  /** In milliseconds since 1970. */
  readonly last: number;
}

/**
 * The evaluation contexts that this server got lately, for previews of a change. Only attributes
 * that an operator has named are recorded: others may identify people.
 */
export class RecentContexts {
  /** The paths of the attributes that are recorded, e.g. `tenant` or `user.plan`. */
  readonly attributes: readonly string[];
  /** The most recent one is last. */
  readonly #contexts = new Map<string, RecentContext>();

  constructor(attributes: readonly string[]) {
    this.attributes = attributes;
  }

  record(context: Readonly<Record<string, unknown>>, at: number): void {
    const picked: Record<string, unknown> = {};
    for (const path of this.attributes) {
      const value = valueAt(context, path);
      if (value !== undefined) setAt(picked, path, value);
    }
    const key = JSON.stringify(picked);
    const count = (this.#contexts.get(key)?.count ?? 0) + 1;
    this.#contexts.delete(key);
    this.#contexts.set(key, { context: picked, count, last: at });
    if (this.#contexts.size > maxContexts) this.#contexts.delete(this.#contexts.keys().next().value ?? '');
  }

  /** The most recent one first. */
  get all(): readonly RecentContext[] {
    return [...this.#contexts.values()].toReversed();
  }
}

/** Rules read nested attributes by a path with dots. */
function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let inner = target;
  for (const name of names) {
    const next = Object.hasOwn(inner, name) ? inner[name] : undefined;
    inner[name] = isObject(next) ? next : {};
    inner = inner[name] as Record<string, unknown>;
  }
  inner[last] = value;
}

function valueAt(context: unknown, path: string): string | number | boolean | undefined {
  let value = context;
  for (const name of path.split('.')) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  if (typeof value === 'string') return cutText(value, maxValue);
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
