import {
  AsyncLocalStorageTransactionContextPropagator,
  ErrorCode,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  OpenFeatureEventEmitter,
  ProviderEvents,
  ProviderFatalError,
  TargetingKeyMissingError,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
  type Logger,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { clients, type AnyClient } from './clients.ts';

const runs = 1500;
const transactions = new AsyncLocalStorageTransactionContextPropagator();

afterEach(async () => {
  OpenFeature.clearHooks().setContext({});
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  await OpenFeature.clearProviders();
});

test("our client returns, calls hooks and calls the provider as the SDK's client does", async () => {
  const seen = { hooks: 0, bare: 0, failed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(situations, async (situation) => {
      const outcomes: Outcome[] = [];
      for (const { open } of clients) outcomes.push(await play(situation, open));
      const [expected, asynchronous, sync] = outcomes as [Outcome, Outcome, Outcome];
      expect(asynchronous).toEqual(expected);
      if (expected.trace.some(({ waits }) => waits)) {
        seen.refused += 1;
        expect(sync.value).toBe(situation.defaultValue);
        expect(sync.details).toMatchObject({ value: situation.defaultValue, errorCode: ErrorCode.GENERAL });
        expect(sync.details.errorMessage).toMatch(/promise.*call get\w+Value or get\w+Details/);
      } else expect(sync).toEqual(expected);
      if (expected.trace.some(({ who }) => who !== 'provider')) seen.hooks += 1;
      else seen.bare += 1;
      if (expected.details.errorCode) seen.failed += 1;
    }),
    { numRuns: runs },
  );
  // A generator that misses half of the cases would prove half as much.
  expect(Object.entries(seen).filter(([, count]) => count < runs / 20)).toEqual([]);
});

interface Situation {
  readonly type: 'boolean' | 'string' | 'number' | 'object';
  readonly defaultValue: FlagValue;
  readonly answer: Answer;
  readonly provider: 'sync' | 'async';
  readonly status: 'READY' | 'NOT_READY' | 'FATAL' | 'ERROR' | 'STALE';
  readonly levels: Readonly<Record<'api' | 'transaction' | 'client' | 'invocation', EvaluationContext>>;
  readonly hooks: Readonly<Record<'api' | 'client' | 'invocation' | 'provider', readonly HookPlan[]>>;
  readonly hints: Record<string, string> | undefined;
  readonly options: boolean;
}

type Answer = { readonly returns: unknown } | { readonly throws: unknown };
type Stage = 'before' | 'after' | 'error' | 'finally';
type HookPlan = Readonly<Partial<Record<Stage, { act: Act; waits: boolean }>>>;
type Act =
  | 'nothing'
  | 'throws'
  | { readonly adds: EvaluationContext }
  | { readonly writes: EvaluationContext };

const name = fc.constantFrom('targetingKey', 'region', 'age', 'plan');
const fact = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.nat(9), fc.boolean(), fc.constant(undefined));
const evaluationContext = fc.dictionary(name, fact, { maxKeys: 3 }) as fc.Arbitrary<EvaluationContext>;
const level = fc.oneof(fc.constant({}), evaluationContext);
const flagValue = fc.oneof(
  fc.boolean(),
  fc.constantFrom('', 'x'),
  fc.nat(3),
  fc.constantFrom({}, { a: [1] }, null),
);
const metadata = fc.option(fc.dictionary(fc.constantFrom('owner', 'pin'), fc.constantFrom('x', true, 1)), {
  nil: undefined,
});
const answer: fc.Arbitrary<Answer> = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc.record(
        {
          value: flagValue,
          variant: fc.constantFrom('on', 'off'),
          reason: fc.constantFrom('STATIC', 'CACHED'),
          flagMetadata: metadata,
          flagKey: fc.constant('another'),
          extra: fc.constant(7),
        },
        { requiredKeys: ['value'] },
      ),
    },
    {
      weight: 3,
      arbitrary: fc.record(
        {
          value: flagValue,
          reason: fc.constant('ERROR'),
          errorCode: fc.constantFrom(...Object.values(ErrorCode), 'OWN'),
          errorMessage: fc.constantFrom('', 'why'),
          flagMetadata: metadata,
        },
        { requiredKeys: ['value', 'errorCode'] },
      ),
    },
  )
  .map((returns): Answer => ({ returns }))
  .chain((given) =>
    fc.oneof(
      { weight: 5, arbitrary: fc.constant(given) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(new Error('broken'), new TargetingKeyMissingError('no key'), 'text', undefined)
          .map((throws): Answer => ({ throws })),
      },
    ),
  );
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>('nothing') },
  { weight: 1, arbitrary: fc.constant<Act>('throws') },
  { weight: 2, arbitrary: evaluationContext.map((adds) => ({ adds })) },
  { weight: 1, arbitrary: evaluationContext.map((writes) => ({ writes })) },
);
const stagePlan = fc.record({
  act,
  waits: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const hook: fc.Arbitrary<HookPlan> = fc.record(
  { before: stagePlan, after: stagePlan, error: stagePlan, finally: stagePlan },
  { requiredKeys: [] },
);
const hooksOfLevel = fc.array(hook, { maxLength: 2 });
const noHooks = fc.constant({ api: [], client: [], invocation: [], provider: [] });
const situations: fc.Arbitrary<Situation> = fc.record({
  type: fc.constantFrom('boolean', 'string', 'number', 'object'),
  defaultValue: flagValue as fc.Arbitrary<FlagValue>,
  answer,
  provider: fc.constantFrom('sync', 'sync', 'sync', 'async'),
  status: fc.constantFrom('READY', 'READY', 'READY', 'READY', 'NOT_READY', 'FATAL', 'ERROR', 'STALE'),
  levels: fc.record({ api: level, transaction: level, client: level, invocation: level }),
  hooks: fc.oneof(
    noHooks,
    fc.record({ api: hooksOfLevel, client: hooksOfLevel, invocation: hooksOfLevel, provider: hooksOfLevel }),
  ),
  hints: fc.option(fc.constant({ hint: 'h' }), { nil: undefined }),
  options: fc.boolean(),
});

/** One call by a client, as its receiver saw it. */
interface Call {
  readonly who: string;
  readonly waits: boolean;
  readonly saw: unknown;
}

interface Outcome {
  readonly details: EvaluationDetails<FlagValue>;
  readonly value: FlagValue;
  readonly trace: readonly Call[];
  readonly log: readonly unknown[];
  readonly invocation: EvaluationContext;
}

async function play(situation: Situation, open: (domain: string) => AnyClient): Promise<Outcome> {
  const { type, defaultValue, levels, hooks, hints, options } = situation;
  const trace: Call[] = [];
  const log: unknown[] = [];
  const logger = recording(log);
  OpenFeature.clearHooks().setContext({ ...levels.api });
  OpenFeature.setTransactionContextPropagator(transactions);
  await OpenFeature.clearProviders();
  await provide(situation, trace);
  const client = open('same');
  client.setLogger(logger);
  client.setContext({ ...levels.client });
  OpenFeature.addHooks(...hooks.api.map((plan, index) => toHook(`api ${index}`, plan, trace)));
  client.addHooks(...hooks.client.map((plan, index) => toHook(`client ${index}`, plan, trace)));
  const invocation = { ...levels.invocation };
  const ask = (): Promise<[EvaluationDetails<FlagValue>, FlagValue]> => {
    const invocationHooks = hooks.invocation.map((plan, index) => toHook(`invocation ${index}`, plan, trace));
    const given =
      options || invocationHooks.length > 0
        ? { hooks: invocationHooks, ...(hints && { hookHints: { ...hints } }) }
        : undefined;
    const args = [type, 'flag', defaultValue, invocation, given] as const;
    return client.details(...args).then(async (details) => [details, await client.value(...args)]);
  };
  const [details, value] = await new Promise<Awaited<ReturnType<typeof ask>>>((resolve, reject) => {
    transactions.setTransactionContext({ ...levels.transaction }, () => void ask().then(resolve, reject));
  });
  expect(Object.isFrozen(details.flagMetadata)).toBe(true);
  return { details: { ...details }, value, trace, log, invocation };
}

async function provide({ answer: given, provider, status, hooks }: Situation, trace: Call[]): Promise<void> {
  const waits = provider === 'async';
  const resolve = (
    flagKey: string,
    defaultValue: unknown,
    context: EvaluationContext,
  ): ResolutionDetails<never> => {
    trace.push({ who: 'provider', waits, saw: { flagKey, defaultValue, context: { ...context } } });
    if ('throws' in given) throw given.throws;
    const { returns } = given;
    return (typeof returns === 'object' ? structuredClone(returns) : returns) as ResolutionDetails<never>;
  };
  const names = ['Boolean', 'String', 'Number', 'Object'].map((type) => `resolve${type}Evaluation`);
  const emitter = new OpenFeatureEventEmitter();
  const candidate = {
    metadata: { name: 'generated' },
    events: emitter,
    hooks: hooks.provider.map((plan, index) => toHook(`provider ${index}`, plan, trace)),
    initialize: () =>
      status === 'NOT_READY'
        ? new Promise(() => {})
        : status === 'FATAL'
          ? Promise.reject(new ProviderFatalError('never'))
          : status === 'ERROR'
            ? Promise.reject(new Error('not yet'))
            : Promise.resolve(),
    ...Object.fromEntries(
      names.map((method) => [
        method,
        (...args: Parameters<typeof resolve>) => Promise.resolve().then(() => resolve(...args)),
      ]),
    ),
    ...(!waits && Object.fromEntries(names.map((method) => [`${method}Sync`, resolve]))),
  } as unknown as Provider;
  if (status === 'NOT_READY') OpenFeature.setProvider('same', candidate);
  else await OpenFeature.setProviderAndWait('same', candidate).catch(() => {});
  if (status === 'STALE') emitter.emit(ProviderEvents.Stale);
}

function toHook(who: string, plan: HookPlan, trace: Call[]): Hook {
  const stages = Object.entries(plan).map(([stage, { act: what, waits }]) => {
    const run = (hookContext: HookContext, ...rest: unknown[]): unknown => {
      const [subject, hints] = stage === 'before' ? [undefined, rest[0]] : rest;
      trace.push({ who: `${who} ${stage}`, waits, saw: look(hookContext, subject, hints) });
      hookContext.hookData?.set(stage, who);
      if (what === 'throws') throw new Error(`${who} ${stage} broke`);
      if (typeof what === 'object' && 'adds' in what) return { ...what.adds };
      // A hook may write to the evaluation context before it is frozen; after that it throws.
      if (typeof what === 'object') Object.assign(hookContext.context, what.writes);
      return undefined;
    };
    return [stage, waits ? async (...args: Parameters<typeof run>) => run(...args) : run];
  });
  return Object.fromEntries(stages) as Hook;
}

/** The arguments of a stage, copied at that moment. */
function look(hookContext: HookContext, subject: unknown, hints: unknown): unknown {
  const { context, hookData, logger, ...facts } = hookContext;
  return {
    ...facts,
    context: { ...context },
    frozen: Object.isFrozen(context),
    contextIsFixed: Object.isFrozen(hookContext),
    hookData: ['before', 'after', 'error', 'finally'].map((stage) => hookData?.get(stage)),
    logger: typeof logger.error,
    hints: typeof hints === 'object' && { ...hints },
    subject:
      subject instanceof Error
        ? [subject.constructor.name, subject.message, (subject as { code?: string }).code]
        : typeof subject === 'object'
          ? { ...subject }
          : subject,
  };
}

/** The logged messages, without the stacks: the SDK logs each twice. */
function recording(log: unknown[]): Logger {
  const record =
    (entry: string) =>
    (...args: unknown[]): void => {
      if (args[0] !== undefined && !String(args[0]).includes('\n    at ')) log.push([entry, ...args]);
    };
  return { error: record('error'), warn: record('warn'), info: record('info'), debug: record('debug') };
}
