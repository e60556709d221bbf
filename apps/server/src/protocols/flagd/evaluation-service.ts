import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { createWorkBudget, evaluate, type Evaluation } from '@graylane/flags';
import { forEachInSlices } from '../../for-each-in-slices.ts';
import type { EvaluationMetrics } from '../../metrics/evaluation-metrics.ts';
import { RequestError } from '../../model/request-error.ts';
import { requireSmallContext } from '../../model/context-size.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { AllFlagsMessage } from './messages/all-flags-message.ts';
import { flagEvents, type FlagEvent, type Followed } from './flag-events.ts';
import type { AnyFlag, Service as ServiceV1 } from './gen/flagd/evaluation/v1/evaluation_pb.ts';
import type { Service as ServiceV2 } from './gen/flagd/evaluation/v2/evaluation_pb.ts';
import type { LongCalls } from './long-calls.ts';
import {
  booleanType,
  commonPart,
  floatType,
  intType,
  isMissingDefault,
  objectType,
  resolve,
  resolveV1,
  stringType,
  type Resolved,
  type ResolveRequest,
  type ValueType,
} from './resolve.ts';
import { principalKey, selectorOf, selectStore } from './select.ts';
import { formatOf, SharedMessage, sharedMessagesKey } from './messages/shared-messages.ts';

/**
 * flagd's evaluation protocol (`flagd.evaluation.v2`): one flag at a time, and a stream of changes.
 */
export function evaluationServiceV2(
  environments: Environments,
  calls: LongCalls,
  evaluations: EvaluationMetrics,
): ServiceImpl<typeof ServiceV2> {
  return methods(environments, calls, evaluations, resolve);
}

/**
 * `flagd.evaluation.v1`, which also evaluates all flags at once and can't express a missing value.
 */
export function evaluationServiceV1(
  environments: Environments,
  calls: LongCalls,
  evaluations: EvaluationMetrics,
): ServiceImpl<typeof ServiceV1> {
  return {
    ...methods(environments, calls, evaluations, resolveV1),
    resolveAll: async ({ context = {} }, call) => {
      const store = chosen(environments, call);
      const { flags } = store.snapshot;
      const counterOf = evaluations.of('flagd', store);
      requireSmallContext(context);
      const options = { now: Date.now(), budget: createWorkBudget() };
      const message = new AllFlagsMessage(formatOf(call.requestHeader));
      await forEachInSlices(
        flags.keys(),
        (key) => {
          const evaluation = evaluate(flags, key, context, options);
          counterOf(key, evaluation).add();
          // There is no field for an error, and v1 can't distinguish a missing value from zero.
          if (evaluation.errorCode !== undefined || isMissingDefault(evaluation)) return;
          message.add(key, { ...commonPart(evaluation), ...anyValue(evaluation) });
        },
        () => call.signal.aborted,
      );
      const bytes = message.finish({ ...flags.metadata });
      call.values.get(sharedMessagesKey).push(new SharedMessage(async () => bytes));
      return {};
    },
  };
}

/** The methods of both versions, with the fields that both have. */
function methods(
  environments: Environments,
  calls: LongCalls,
  evaluations: EvaluationMetrics,
  resolveOne: typeof resolve,
) {
  const resolver =
    <T>(type: ValueType<T>) =>
    (request: ResolveRequest, call: HandlerContext): Resolved<T> => {
      const store = chosen(environments, call);
      return resolveOne(store.snapshot.flags, request, type, evaluations.of('flagd', store));
    };
  return {
    resolveBoolean: resolver(booleanType),
    resolveString: resolver(stringType),
    resolveFloat: resolver(floatType),
    resolveInt: resolver(intType),
    resolveObject: resolver(objectType),
    async *eventStream(_request: unknown, call: HandlerContext): AsyncGenerator<FlagEvent> {
      const messages = call.values.get(sharedMessagesKey);
      const events = flagEvents(environments, followed(environments, call), calls, call);
      for await (const { shared, ...event } of events) {
        messages.push(shared);
        yield shared === undefined ? event : { type: event.type };
      }
    },
  };
}

/**
 * The environments whose changes a call follows: the chosen one, or all of them without a choice,
 * since flagd's JavaScript client sends no selector here and must learn of every change to trust
 * its cache. A chosen environment may be created later: until then each evaluation reports it as
 * unknown, which clients show, whereas they hide the error of this stream and never become ready.
 */
function followed(environments: Environments, call: HandlerContext): Followed {
  const { requestHeader: header, values } = call;
  const { environment } = values.get(principalKey);
  const chooses =
    environment !== undefined || header.has('graylane-environment') || selectorOf(header) !== '';
  if (!chooses) return { store: undefined, includes: () => true };
  const find = (): FlagStore | undefined => {
    try {
      return chosen(environments, call);
    } catch (error) {
      if (error instanceof RequestError && error.code === 'unknown_environment') return undefined;
      throw error;
    }
  };
  const store = find();
  return { store, includes: (created) => created === (store ?? find()) };
}

function chosen(environments: Environments, call: HandlerContext): FlagStore {
  return selectStore(environments, call, selectorOf(call.requestHeader));
}

/** The value in the field for its type; none for an array, which has no field. */
function anyValue({ value }: Evaluation): { value?: AnyFlag['value'] } {
  if (value === undefined) return {};
  for (const [field, type] of anyFields) {
    const read = type.read(value);
    if (read !== undefined) return { value: { case: field, value: read } as AnyFlag['value'] };
  }
  return {};
}

const anyFields = [
  ['boolValue', booleanType],
  ['stringValue', stringType],
  ['doubleValue', floatType],
  ['objectValue', objectType],
] as const;
