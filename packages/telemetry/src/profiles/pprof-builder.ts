import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  Function as PprofFunction,
  Label,
  Line,
  Location,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import type { CallFrame } from './call-frame.ts';

const compress = promisify(gzip);

/** The type and unit of one value of each sample, e.g. `['cpu', 'nanoseconds']`. */
export type PprofValue = readonly [type: string, unit: string];

/** Builds a profile in pprof's format (google/pprof, proto/profile.proto) from call stacks. */
export class PprofBuilder {
  readonly #strings = new StringTable();
  readonly #locations: Location[] = [];
  readonly #functions: PprofFunction[] = [];
  readonly #known = new Map<string, number>();
  readonly #samples: Sample[] = [];
  readonly #values: readonly PprofValue[];

  constructor(values: readonly PprofValue[]) {
    this.#values = values;
  }

  /** Adds a sample. The stack begins with the innermost function. */
  add(
    stack: readonly CallFrame[],
    values: readonly number[],
    labels: Readonly<Record<string, string>> = {},
  ): void {
    this.#samples.push(
      new Sample({
        locationId: stack.map((frame) => this.#location(frame)),
        value: values.map((value) => Math.round(value)),
        label: Object.entries(labels).map(
          ([key, text]) => new Label({ key: this.#strings.dedup(key), str: this.#strings.dedup(text) }),
        ),
      }),
    );
  }

  /**
   * The compressed file. `period` is the distance between two samples, in the unit of the last
   * value.
   */
  async build(about: {
    readonly period: number;
    readonly durationMs?: number;
    readonly comments?: readonly string[];
  }): Promise<Uint8Array> {
    const sampleType = this.#values.map((value) => this.#valueType(value));
    const profile = new Profile({
      sampleType,
      sample: this.#samples,
      location: this.#locations,
      function: this.#functions,
      stringTable: this.#strings,
      timeNanos: BigInt(Date.now()) * 1_000_000n,
      durationNanos: BigInt(Math.round((about.durationMs ?? 0) * 1e6)),
      periodType: this.#valueType(this.#values.at(-1) ?? ['samples', 'count']),
      period: Math.round(about.period),
      comment: (about.comments ?? []).map((comment) => this.#strings.dedup(comment)),
    });
    return compress(await profile.encodeAsync());
  }

  #valueType([type, unit]: PprofValue): ValueType {
    return new ValueType({ type: this.#strings.dedup(type), unit: this.#strings.dedup(unit) });
  }

  /** Functions and locations count from 1, because 0 stands for none. */
  #location({ functionName, url, lineNumber }: CallFrame): number {
    const key = `${functionName}\u0000${url}\u0000${lineNumber}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#locations.length + 1;
    const name = this.#strings.dedup(functionName || '(anonymous)');
    const filename = this.#strings.dedup(url);
    this.#functions.push(
      new PprofFunction({ id, name, systemName: name, filename, startLine: lineNumber + 1 }),
    );
    this.#locations.push(new Location({ id, line: [new Line({ functionId: id, line: lineNumber + 1 })] }));
    this.#known.set(key, id);
    return id;
  }
}
