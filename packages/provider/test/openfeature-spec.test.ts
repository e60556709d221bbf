import { AstBuilder, GherkinClassicTokenMatcher, Parser, compile } from '@cucumber/gherkin';
import { IdGenerator, type Pickle, type PickleStep } from '@cucumber/messages';
import { runInLane } from '@graylane/baggage';
import { getSyncClient, GraylaneProvider } from '@graylane/provider';
import {
  OpenFeature,
  ProviderEvents,
  ProviderFatalError,
  type EvaluationContextValue,
  type EvaluationDetails,
  type FlagEvaluationOptions,
  type FlagValue,
  type Hook,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { conformanceData, readConformance } from '../../../test/components/conformance.ts';
import { clients, type AnyClient } from './clients.ts';

afterEach(async () => {
  await OpenFeature.clearProviders();
});

await describeWith(conformanceData, 'the OpenFeature specification', () => {
  const flags = toFlagd(JSON.parse(readConformance('openfeature-spec/test-flags.json')) as object);
  describe.each(clients)('through $name', ({ open }) => {
    for (const file of ['evaluation_v2.feature', 'hooks.feature']) {
      for (const scenario of scenarios(file)) {
        test(`${scenario.name} (${scenario.steps.map(({ text }) => text).join('; ')})`, async () => {
          // A result with the reason CACHED is a pin here, which lasts as long as a request.
          const pinned = scenario.tags.some(({ name }) => name === '@reason-codes-cached');
          const world = new World(pinned ? { ...flags, metadata: { pin: true } } : flags, open('spec'));
          await runInLane('baseline', async () => {
            for (const step of scenario.steps) await world.run(step);
          });
        });
      }
    }
  });
});

test('a synchronous client has the same metadata as the one of the SDK', async () => {
  await OpenFeature.setProviderAndWait('spec', new GraylaneProvider({ source: { flags: { flags: {} } } }));
  expect(getSyncClient('spec').metadata).toEqual(OpenFeature.getClient('spec').metadata);
  expect(getSyncClient().metadata).toEqual(OpenFeature.getClient().metadata);
});

interface SpecFlag {
  readonly disabled?: boolean;
  readonly variants: object;
  readonly defaultVariant?: string | null;
  readonly flagMetadata?: object | null;
  readonly contextEvaluator?: string;
}

/** The specification's flags have expressions of their own, two in all. */
const rules: Readonly<Record<string, object>> = {
  "email == 'ballmer@macrosoft.com' ? 'zero' : ''": {
    if: [{ '==': [{ var: 'email' }, 'ballmer@macrosoft.com'] }, 'zero', null],
  },
  "!customer && email == 'ballmer@macrosoft.com' && age > 10 ? 'internal' : ''": {
    if: [
      {
        and: [
          { '!': { var: 'customer' } },
          { '==': [{ var: 'email' }, 'ballmer@macrosoft.com'] },
          { '>': [{ var: 'age' }, 10] },
        ],
      },
      'internal',
      null,
    ],
  },
};

function toFlagd(specFlags: object): object {
  const flags = Object.entries(specFlags).map(([key, flag]: [string, SpecFlag]) => {
    const { disabled, variants, defaultVariant, flagMetadata, contextEvaluator } = flag;
    const targeting = contextEvaluator === undefined ? undefined : rules[contextEvaluator];
    if (contextEvaluator !== undefined && targeting === undefined)
      throw new Error(`no rule for "${contextEvaluator}": add it to rules`);
    const state = disabled ? 'DISABLED' : 'ENABLED';
    return [
      key,
      {
        state,
        variants,
        defaultVariant,
        ...(flagMetadata && { metadata: flagMetadata }),
        ...(targeting && { targeting }),
      },
    ];
  });
  return { flags: Object.fromEntries(flags) as object };
}

/** The state that the steps of one scenario build up. */
class World {
  readonly #flags: object;
  readonly #client: AnyClient;
  readonly #context: Record<string, EvaluationContextValue> = {};
  readonly #calls: { stage: string; details?: EvaluationDetails<FlagValue> }[] = [];
  #options: FlagEvaluationOptions = {};
  #key = '';
  #type = '';
  #fallback: FlagValue = '';
  #before: object = {};
  #details: EvaluationDetails<FlagValue> | undefined;

  constructor(flags: object, client: AnyClient) {
    this.#flags = flags;
    this.#client = client;
  }

  async run({ text, argument }: PickleStep): Promise<void> {
    const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) =>
      (match[1] ?? '').replaceAll('\\"', '"'),
    );
    const [first = '', second = '', third = ''] = words;
    const rows = argument?.dataTable?.rows.map(({ cells }) => cells.map(({ value }) => value)) ?? [];
    if (/^an? [\w ]+ provider$/.test(text)) await this.#provide(/^an? ([\w ]+) provider$/.exec(text)?.[1]);
    else if (/^a \w+-flag with key/.test(text)) {
      this.#type = /^a (\w+)-flag/.exec(text)?.[1] ?? '';
      this.#key = first;
      this.#fallback = read(this.#type, second) as FlagValue;
    } else if (text.endsWith('with null value')) this.#context[first] = null;
    else if (text.startsWith('a context containing a key'))
      this.#context[first] = read(second, third) as EvaluationContextValue;
    else if (text === 'an evaluation context with modifiable data') this.#context['data'] = { list: [1] };
    else if (text === 'a client with added hook') this.#client.addHooks(this.#hook(''));
    else if (text === 'evaluation options containing specific hooks')
      this.#options = { hooks: [this.#hook('1 '), this.#hook('2 ')] };
    else if (text.startsWith('the flag was evaluated with details')) await this.#evaluate();
    else this.#check(text, first, rows);
  }

  async #provide(state: string | undefined): Promise<void> {
    const provider = new GraylaneProvider({ source: { flags: this.#flags } });
    const initialize: Record<string, () => Promise<void>> = {
      'not ready': () => new Promise(() => {}),
      error: () => Promise.reject(new Error('no')),
      fatal: () => Promise.reject(new ProviderFatalError('never')),
    };
    const own = initialize[state ?? ''];
    if (own) provider.initialize = own;
    if (state === 'not ready') OpenFeature.setProvider('spec', provider);
    else await OpenFeature.setProviderAndWait('spec', provider).catch(() => {});
    if (state === 'stale') provider.events.emit(ProviderEvents.Stale);
  }

  #hook(name: string): Hook {
    return {
      before: () => void this.#calls.push({ stage: `${name}before` }),
      after: (_context, details) => void this.#calls.push({ stage: `${name}after`, details }),
      error: () => void this.#calls.push({ stage: `${name}error` }),
      finally: (_context, details) => void this.#calls.push({ stage: `${name}finally`, details }),
    };
  }

  async #evaluate(): Promise<void> {
    this.#before = structuredClone(this.#context);
    const type = /^(integer|float)$/i.test(this.#type) ? 'number' : this.#type.toLowerCase();
    this.#details = await this.#client.details(type, this.#key, this.#fallback, this.#context, this.#options);
  }

  #check(text: string, first: string, rows: readonly (readonly string[])[]): void {
    const details = this.#details;
    if (text.startsWith('the resolved details value should be'))
      expect(details?.value).toEqual(read(this.#type, first));
    else if (text.startsWith('the reason should be')) expect(details?.reason).toBe(first);
    else if (text.startsWith('the error-code should be')) expect(details?.errorCode).toBe(first);
    else if (text.startsWith('the variant should be')) expect(details?.variant).toBe(first);
    else if (text.startsWith('the flag key should be')) expect(details?.flagKey).toBe(first);
    else if (text.startsWith('the provider status')) expect(this.#client.status()).toBe(first);
    else if (text === 'the resolved metadata should contain') {
      for (const [key = '', type = '', value = ''] of rows.slice(1))
        expect(details?.flagMetadata[key]).toBe(read(type, value));
    } else if (text === 'the evaluation should complete without blocking') expect(details).toBeDefined();
    else if (text === 'the original evaluation context should remain unmodified') {
      expect(this.#context).toEqual(this.#before);
      expect(Object.isFrozen(this.#context)).toBe(false);
    } else if (text === 'the evaluation details should be immutable')
      expect(Object.isFrozen(details?.flagMetadata)).toBe(true);
    else if (text === 'the specified hooks should execute during evaluation')
      expect(this.#calls.length).toBe(6);
    else if (text === 'the hook order should be maintained')
      expect(this.#calls.map(({ stage }) => stage)).toEqual([
        '1 before',
        '2 before',
        '2 after',
        '1 after',
        '2 finally',
        '1 finally',
      ]);
    else if (text.endsWith('hook should have been executed'))
      expect(this.#calls.map(({ stage }) => stage)).toContain(first);
    else if (text.endsWith('hooks should be called with evaluation details')) this.#checkCalls(first, rows);
    else throw new Error(`no step for "${text}"`);
  }

  #checkCalls(stages: string, rows: readonly (readonly string[])[]): void {
    for (const stage of stages.split(', ')) {
      const details = this.#calls.find((call) => call.stage === stage)?.details;
      for (const [type = '', key = '', value = ''] of rows.slice(1)) {
        const name = key.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
        const expected = value === 'null' ? undefined : read(type, value);
        expect((details as unknown as Record<string, unknown>)[name], `${stage}: ${name}`).toBe(expected);
      }
    }
  }
}

function read(type: string, text: string): unknown {
  if (/^(integer|float)$/i.test(type)) return Number(text);
  if (/^boolean$/i.test(type)) return text === 'true';
  return /^object$/i.test(type) ? (JSON.parse(text) as unknown) : text;
}

function scenarios(file: string): readonly Pickle[] {
  const newId = IdGenerator.incrementing();
  const parser = new Parser(new AstBuilder(newId), new GherkinClassicTokenMatcher());
  return compile(parser.parse(readConformance(`openfeature-spec/${file}`)), file, newId);
}
