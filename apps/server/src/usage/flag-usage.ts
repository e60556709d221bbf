import { isObject } from '../is-object.ts';
import { BoundedCounts } from './bounded-counts.ts';
import type { Count, LiveCount } from './count.ts';

/** Evaluations of one flag with one result, that one service reports together. */
export interface UsageSample {
  readonly flagKey: string;
  readonly service: string;
  /** Undefined where the default of the code applied. */
  readonly variant: string | undefined;
  /** Undefined if the evaluation did not come from a provider. */
  readonly lane: string | undefined;
  /** The id of the branch that matched, as `rulesOf` has it. */
  readonly rule: string | undefined;
  readonly count: number;
  /** When the report came, in milliseconds since 1970. */
  readonly at: number;
}

/** The kinds of names by which evaluations are counted, and the most names of each. */
const most = { services: 200, variants: 500, lanes: 500, rules: 1000 } as const;

type Dimension = keyof typeof most;

const dimensions = Object.keys(most) as readonly Dimension[];

/** The counts of one flag, as they are stored. */
export interface StoredUsage {
  /** Since when the evaluations of the flag are counted, in milliseconds since 1970. */
  readonly since: number;
  readonly counts: Readonly<Record<Dimension, Readonly<Record<string, Count>>>>;
}

/**
 * How often one flag was evaluated: by service, variant, variant and lane, and rule. The number and
 * the length of the names are bounded.
 */
export class FlagUsage {
  readonly since: number;
  readonly #counts: Counts = newCounts();
  /** The counts that are not stored yet, and those that are being stored. */
  #unsaved: Counts = newCounts();
  #saving: Counts = newCounts();
  #isChanged = false;

  constructor(since: number) {
    this.since = since;
  }

  /** Whether there are counts that are not stored yet. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  get(dimension: Dimension): ReadonlyMap<string, LiveCount> {
    return this.#counts[dimension].byName;
  }

  /** When the flag was evaluated last, in milliseconds since 1970; 0 if it never was. */
  get last(): number {
    let last = 0;
    for (const count of this.#counts.services.byName.values()) last = Math.max(last, count.last);
    return last;
  }

  get count(): number {
    let total = 0;
    for (const { count } of this.#counts.variants.byName.values()) total += count;
    return total;
  }

  add({ service, variant = '', lane, rule, count, at }: UsageSample): void {
    this.#add('services', service, count, at);
    this.#add('variants', variant, count, at);
    if (lane !== undefined) this.#add('lanes', laneKey(variant, lane), count, at);
    if (rule !== undefined) this.#add('rules', rule, count, at);
    this.#isChanged = true;
  }

  /** Begins to store the counts; {@link saved} ends it. The next call repeats one that failed. */
  save(): void {
    addAll(this.#saving, this.#unsaved);
    this.#unsaved = newCounts();
    this.#isChanged = false;
  }

  /** The counts to store: those in the store, perhaps of other servers, with those of this one. */
  mergedWith(stored: unknown): StoredUsage {
    const read = readStored(stored);
    const merged = newCounts();
    if (read !== undefined) restoreAll(merged, read);
    addAll(merged, this.#saving);
    return { since: Math.min(read?.since ?? this.since, this.since), counts: recordsOf(merged) };
  }

  /** Takes over the counts that {@link mergedWith} has returned and that are stored now. */
  saved(stored: StoredUsage): void {
    this.#saving = newCounts();
    this.restore(stored);
  }

  /** Takes over stored counts, beside those that are not stored yet. */
  restore(stored: StoredUsage): void {
    for (const dimension of dimensions) {
      for (const count of this.#counts[dimension].byName.values()) count.replace({ count: 0, last: 0 });
    }
    restoreAll(this.#counts, stored);
    addAll(this.#counts, this.#saving);
    addAll(this.#counts, this.#unsaved);
    for (const dimension of dimensions) {
      for (const [name, { count }] of this.#counts[dimension].byName) {
        if (count === 0) this.#counts[dimension].delete(name);
      }
    }
  }

  #add(dimension: Dimension, name: string, count: number, at: number): void {
    this.#counts[dimension].of(name).add(count, at);
    this.#unsaved[dimension].of(name).add(count, at);
  }
}

/** The name of the evaluations with one variant in one lane. A lane has no space. */
export function laneKey(variant: string, lane: string): string {
  return `${lane} ${variant}`;
}

/** The stored counts; undefined if they are not of this form. */
export function readStored(value: unknown): StoredUsage | undefined {
  if (!isObject(value) || typeof value['since'] !== 'number' || !isObject(value['counts'])) return undefined;
  const counts = value['counts'];
  return dimensions.every((dimension) => isObject(counts[dimension]))
    ? (value as unknown as StoredUsage)
    : undefined;
}

type Counts = Readonly<Record<Dimension, BoundedCounts>>;

function newCounts(): Counts {
  const entries = dimensions.map((dimension) => [dimension, new BoundedCounts(most[dimension])] as const);
  return Object.fromEntries(entries) as Counts;
}

function addAll(counts: Counts, more: Counts): void {
  for (const dimension of dimensions) {
    for (const [name, { count, last }] of more[dimension].byName) {
      counts[dimension].of(name).addStored(count, last);
    }
  }
}

function restoreAll(counts: Counts, stored: StoredUsage): void {
  for (const dimension of dimensions) {
    for (const [name, count] of Object.entries(stored.counts[dimension])) {
      counts[dimension].of(name).replace(count);
    }
  }
}

function recordsOf(counts: Counts): StoredUsage['counts'] {
  const entries = dimensions.map((dimension) => {
    const names = [...counts[dimension].byName].map(
      ([name, { count, last }]) => [name, { count, last }] as const,
    );
    return [dimension, Object.fromEntries(names)] as const;
  });
  return Object.fromEntries(entries) as StoredUsage['counts'];
}
