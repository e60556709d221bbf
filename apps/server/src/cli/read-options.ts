import { parseArgs } from 'node:util';
import { options, type Option } from './options.ts';
import { allowedFor, readValue, repeatable, type SettingValue } from './setting-types.ts';

/** A command line that can't be followed; the message names the remedy. */
export class UsageError extends Error {}

/** The options that were given, and the variables behind them. */
export class GivenOptions {
  readonly names: readonly string[];
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly #texts: ReadonlyMap<string, readonly string[]>;
  readonly #environment: NodeJS.ProcessEnv;

  /** @throws {UsageError} for an unknown option, one without its value, or two sources of flags. */
  constructor(args: readonly string[], environment: NodeJS.ProcessEnv) {
    const { values, positionals } = parse(args);
    const { help = false, version = false, ...given } = values;
    this.help = help === true;
    this.version = version === true;
    this.names = Object.keys(given);
    this.positionals = positionals;
    this.#texts = new Map(Object.entries(given).map(([name, value]) => [name, [value].flat().map(String)]));
    this.#environment = environment;
    for (const option of options) this.#refuseTwice(option);
  }

  /** Whether the option itself was given; its variable does not count. */
  has(name: string): boolean {
    return this.#texts.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#read(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** A setting that is one of several words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.#read(name);
    return words.find((word) => word === value);
  }

  number(name: string): number | undefined {
    const value = this.#read(name);
    return typeof value === 'number' ? value : undefined;
  }

  switch(name: string): boolean {
    return this.#read(name) === true;
  }

  list(name: string): readonly string[] {
    const value = this.#read(name);
    return typeof value === 'object' ? value : [];
  }

  /**
   * A setting: from its option or, without one, from its variable. An empty variable counts as
   * missing.
   * @throws {UsageError} if the value is not allowed.
   */
  #read(name: string): SettingValue | undefined {
    const option = options.find((one) => one.name === name);
    if (option === undefined) throw new Error(`the table of settings has no "${name}"`);
    const given = this.#texts.get(name);
    const variable = option.env === undefined ? undefined : this.#environment[option.env] || undefined;
    const text = (repeatable.has(option.type) ? given?.join(',') : given?.at(-1)) ?? variable;
    if (text === undefined) return undefined;
    const value = readValue(option.type, text);
    if (value !== undefined) return value;
    const source = given === undefined ? option.env : `--${name}`;
    // The URL of a database, or another one, may have a password.
    const shown = option.type === 'database' ? 'malformed' : `"${text.replaceAll(/\/\/[^/,]*@/g, '//***@')}"`;
    throw new UsageError(`${source} is ${shown}: use ${allowedFor(option.type)}`);
  }

  /**
   * Of two files or folders one would be ignored. Of other options the last one counts, as usual.
   */
  #refuseTwice({ name, type }: Option): void {
    const given = this.#texts.get(name) ?? [];
    if (given.length < 2 || type !== 'path') return;
    const texts = given.map((text) => `"${text}"`).join(' and ');
    throw new UsageError(`--${name} is given ${given.length} times, as ${texts}: give it once`);
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs> {
  const known = options.map(({ name, type }) => [
    name,
    type === 'switch' ? { type: 'boolean' } : { type: 'string', multiple: true },
  ]);
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...(Object.fromEntries(known) as object),
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    const { message } = error as Error;
    // Node's own message also explains positional arguments, which does not help here.
    const [, unknown] = /^Unknown option '(.*?)'/.exec(message) ?? [];
    throw new UsageError(unknown === undefined ? message : `there is no option ${unknown}`, { cause: error });
  }
}
