import { AstBuilder, GherkinClassicTokenMatcher, Parser, compile } from '@cucumber/gherkin';
import { IdGenerator, type Pickle, type PickleStep } from '@cucumber/messages';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { conformanceData, conformancePath, readConformance } from '../../../test/components/conformance.ts';
import { compileFlags, evaluate, type Evaluation, type FlagSet } from '../src/index.ts';

const folder = 'flagd-testbed/evaluator';

await describeWith(conformanceData, 'the evaluator of the flagd testbed', () => {
  for (const file of readdirSync(conformancePath(`${folder}/gherkin`))) {
    for (const scenario of scenarios(file)) {
      test(`${file}: ${scenario.name} (${scenario.steps.map(({ text }) => text).join('; ')})`, () => {
        const flags = compileFlags(readConformance(`${folder}/flags/testkit-flags.json`));
        const world = new World(flags);
        for (const step of scenario.steps) world.run(step);
      });
    }
  }
});

/** The state that the steps of one scenario build up. */
class World {
  readonly #flags: FlagSet;
  readonly #context: Record<string, unknown> = {};
  #key = '';
  #type = '';
  #fallback: unknown;
  #evaluation: Evaluation = { reason: 'ERROR', flagMetadata: {} };

  constructor(flags: FlagSet) {
    this.#flags = flags;
  }

  run({ text, argument }: PickleStep): void {
    const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) =>
      (match[1] ?? '').replaceAll('\\"', '"'),
    );
    const [first = '', second = '', third = ''] = words;
    if (text === 'an evaluator') return;
    if (/^a \w+-flag with key/.test(text)) {
      this.#type = /^a (\w+)-flag/.exec(text)?.[1] ?? '';
      this.#key = first;
      this.#fallback = read(this.#type, second);
    } else if (text.startsWith('a context containing a targeting key')) this.#context['targetingKey'] = first;
    else if (text.startsWith('a context containing a nested property'))
      this.#context[first] = { [second]: third };
    else if (text.startsWith('a context containing a key')) this.#context[first] = read(second, third);
    else if (text === 'the flag was evaluated with details') {
      this.#evaluation = evaluate(this.#flags, this.#key, this.#context);
    } else if (text.startsWith('the resolved details value should be'))
      expect(this.#value()).toEqual(read(this.#type, first));
    else if (text.startsWith('the reason should be')) expect(this.#evaluation.reason).toBe(first);
    else if (text.startsWith('the error-code should be')) expect(this.#errorCode()).toBe(first);
    else if (text === 'the resolved metadata is empty') expect(this.#evaluation.flagMetadata).toEqual({});
    else if (text === 'the resolved metadata should contain') {
      for (const { cells } of argument?.dataTable?.rows.slice(1) ?? []) {
        const [key = '', type = '', value = ''] = cells.map((cell) => cell.value);
        expect(this.#evaluation.flagMetadata[key]).toBe(read(type, value));
      }
    } else throw new Error(`no step for "${text}"`);
  }

  /** The value that a client returns: the fallback if the value is missing or of another type. */
  #value(): unknown {
    return this.#evaluation.value === undefined || this.#errorCode()
      ? this.#fallback
      : this.#evaluation.value;
  }

  #errorCode(): string | undefined {
    const { value, errorCode } = this.#evaluation;
    return (
      errorCode ??
      (value !== undefined && typeof value !== typeof this.#fallback ? 'TYPE_MISMATCH' : undefined)
    );
  }
}

function read(type: string, text: string): unknown {
  if (type === 'Integer' || type === 'Float') return Number(text);
  if (type === 'Boolean') return text === 'true';
  return type === 'Object' ? (JSON.parse(text) as unknown) : text;
}

/** Every scenario and every row of examples, without the legacy hash, which is out of use. */
function scenarios(file: string): readonly Pickle[] {
  const newId = IdGenerator.incrementing();
  const parser = new Parser(new AstBuilder(newId), new GherkinClassicTokenMatcher());
  const document = parser.parse(readConformance(`${folder}/gherkin/${file}`));
  return compile(document, file, newId).filter(({ tags }) =>
    tags.every(({ name }) => name !== '@fractional-v1'),
  );
}
