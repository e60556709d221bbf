import { compilePattern, type Pattern } from '../../definition/pattern.ts';
import type { Sli } from '../../definition/sli.ts';
import type { Increment } from './increment.ts';
import { labelName, metricName } from './label-name.ts';

/** A longer value matches no pattern. */
const maxCharacters = 1000;

/** The results that are remembered: most series share a few values. */
const maxResults = 1000;

/** Decides which series an SLI counts, and which of them are bad. */
export class SliMatcher {
  readonly sli: Sli;
  readonly #metric: string;
  readonly #selector: readonly (readonly [label: string, value: string])[];
  readonly #bad: readonly (readonly [label: string, pattern: Pattern])[];
  readonly #results = new Map<string, boolean>();

  constructor(sli: Sli) {
    this.sli = sli;
    this.#metric = metricName(sli.metric);
    this.#selector = Object.entries(sli.selector ?? {}).map(([name, value]) => [labelName(name), value]);
    this.#bad =
      sli.kind === 'errors'
        ? Object.entries(sli.bad).map(([name, pattern]) => [labelName(name), compilePattern(pattern)])
        : [];
  }

  counts({ service, metric, labels }: Pick<Increment, 'service' | 'metric' | 'labels'>): boolean {
    return (
      service === this.sli.service &&
      metric === this.#metric &&
      this.#selector.every(([label, value]) => labels.get(label) === value)
    );
  }

  /** Whether the requests of a series failed: one of the attributes matches as a whole. */
  isBad(labels: Increment['labels']): boolean {
    return this.#bad.some(([label, pattern]) => {
      const value = labels.get(label);
      return value !== undefined && value.length <= maxCharacters && this.#matches(label, pattern, value);
    });
  }

  #matches(label: string, pattern: Pattern, value: string): boolean {
    const key = `${label} ${value}`;
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const result = pattern.matches(value);
    if (this.#results.size < maxResults) this.#results.set(key, result);
    return result;
  }
}
