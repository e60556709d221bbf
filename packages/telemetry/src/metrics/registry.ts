import { HistogramSeries, NumberSeries, type Labels } from './series.ts';

interface FamilyOf<Type extends string, Series> {
  readonly type: Type;
  readonly name: string;
  readonly help: string;
  readonly series: ReadonlyMap<string, Series>;
}

/** All series of one name. */
export type Family =
  | FamilyOf<'counter' | 'gauge', NumberSeries>
  | (FamilyOf<'histogram', HistogramSeries> & { readonly bounds: readonly number[] });

/** Finds the series with these labels, or makes it. Callers on a hot path keep the result. */
export type SeriesOf<Series> = (labels?: Labels) => Series;

/**
 * The metrics of a process without an OpenTelemetry SDK, for Prometheus to scrape. A family that is
 * registered twice under one name is the same family.
 */
export class MetricRegistry {
  readonly #families = new Map<string, Family>();
  readonly #collectors = new Set<() => void>();

  /** A counter. Its name ends in `_total`. */
  counter(name: string, help: string): SeriesOf<NumberSeries> {
    return this.#numbers('counter', name, help);
  }

  gauge(name: string, help: string): SeriesOf<NumberSeries> {
    return this.#numbers('gauge', name, help);
  }

  /**
   * A histogram with these upper boundaries, in ascending order; a last bucket takes what exceeds
   * them.
   */
  histogram(name: string, help: string, bounds: readonly number[]): SeriesOf<HistogramSeries> {
    const series = this.#family(name, () => ({
      type: 'histogram',
      name,
      help,
      bounds,
      series: new Map<string, HistogramSeries>(),
    })).series as Map<string, HistogramSeries>;
    return (labels = {}) => findOrAdd(series, labels, () => new HistogramSeries(labels, bounds));
  }

  /**
   * Calls a function before each collection, to set what is only read then. Returns a function that
   * ends this.
   */
  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect);
    return () => void this.#collectors.delete(collect);
  }

  /**
   * All families as they are now. One collector that fails does not keep the others from being
   * read.
   */
  collect(): readonly Family[] {
    for (const collect of this.#collectors) {
      try {
        collect();
      } catch {
        // A file of /proc or of a cgroup can vanish; the metric keeps its last value.
      }
    }
    return [...this.#families.values()];
  }

  /** Removes the series of all families that have these labels, among others. */
  remove(labels: Labels): void {
    const wanted = Object.entries(labels);
    for (const { series } of this.#families.values()) {
      const all = series as Map<string, NumberSeries | HistogramSeries>;
      for (const [key, one] of all) {
        if (wanted.every(([name, value]) => one.labels[name] === value)) all.delete(key);
      }
    }
  }

  #numbers(type: 'counter' | 'gauge', name: string, help: string): SeriesOf<NumberSeries> {
    const series = this.#family(name, () => ({ type, name, help, series: new Map<string, NumberSeries>() }))
      .series as Map<string, NumberSeries>;
    return (labels = {}) => findOrAdd(series, labels, () => new NumberSeries(labels));
  }

  #family(name: string, create: () => Family): Family {
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = create()));
    return family;
  }
}

function findOrAdd<Series>(series: Map<string, Series>, labels: Labels, create: () => Series): Series {
  const key = Object.entries(labels).flat().join('\u0000');
  let found = series.get(key);
  if (found === undefined) series.set(key, (found = create()));
  return found;
}
