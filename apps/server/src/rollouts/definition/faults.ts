import { joinPath, type Problem } from '@graylane/flags';
import { isObject } from '../../is-object.ts';

/** The members of a JSON object that is being read. */
export type Members = Readonly<Record<string, unknown>>;

/** The members of one object that are reported as unknown; a body may have 100,000 of them. */
const maxUnknown = 20;

/** Collects the faults of a request, so that all of them are reported at once. */
export class Faults {
  readonly problems: Problem[] = [];

  add(path: string, value: unknown, remedy: string): void {
    this.problems.push({ path, message: `this is ${shown(value)}`, remedy });
  }

  /** The members of an object; those that do not exist are faults. */
  members(value: unknown, path: string, known: readonly string[]): Members {
    if (!isObject(value)) {
      this.add(path, value, `use an object with ${known.join(', ')}`);
      return {};
    }
    const unknown = Object.keys(value).filter((name) => !known.includes(name));
    for (const name of unknown.slice(0, maxUnknown)) {
      const remedy = `use ${known.join(', ')}`;
      this.problems.push({ path: joinPath(path, name), message: 'there is no such member', remedy });
    }
    return value;
  }

  /** A number that may be missing. */
  number(
    value: unknown,
    path: string,
    isValid: (value: number) => boolean,
    remedy: string,
  ): number | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && isValid(value)) return value;
    this.add(path, value, remedy);
    return undefined;
  }

  /** A string that may be missing. */
  string(
    value: unknown,
    path: string,
    remedy: string,
    isValid: (value: string) => boolean = (text) => text !== '',
  ): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isValid(value)) return value;
    this.add(path, value, remedy);
    return undefined;
  }

  /** One of some words, which may be missing. */
  word<W extends string>(value: unknown, path: string, words: readonly W[]): W | undefined {
    const word = words.find((one) => one === value);
    if (word === undefined && value !== undefined) this.add(path, value, `use one of ${words.join(', ')}`);
    return word;
  }

  /** A member that must exist. */
  required<T>(value: T | undefined, sent: unknown, path: string, remedy: string): T | undefined {
    if (value === undefined && sent === undefined)
      this.problems.push({ path, message: 'this is missing', remedy });
    return value;
  }
}

/** Members without those that are undefined. */
export function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as unknown as Defined<T>;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function isWhole(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) return 'missing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
