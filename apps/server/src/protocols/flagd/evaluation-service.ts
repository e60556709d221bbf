import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { evaluate, type Evaluation } from '@graylane/flags';
import type { AnyFlag, Service as ServiceV1 } from './gen/flagd/evaluation/v1/evaluation_pb.ts';
import type { Service as ServiceV2 } from './gen/flagd/evaluation/v2/evaluation_pb.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { flagEvents, type FlagEvent } from './flag-events.ts';
import type { LongCalls } from './long-calls.ts';
import {
  booleanType,
  commonPart,
  floatType,
  intType,
  objectType,
  resolve,
  stringType,
  type Answer,
  type Question,
  type ValueType,
} from './resolve.ts';
import { selectorOf, selectStore } from './select.ts';

/** flagd's evaluation protocol (`flagd.evaluation.v2`): one flag at a time, and a stream of changes. */
export function evaluationServiceV2(
  environments: Environments,
  calls: LongCalls,
): ServiceImpl<typeof ServiceV2> {
  return methods(environments, calls);
}

/** The same as `flagd.evaluation.v1`, which also answers for all flags at once, and has no way to say "no value" but an empty variant. */
export function evaluationServiceV1(
  environments: Environments,
  calls: LongCalls,
): ServiceImpl<typeof ServiceV1> {
  return {
    ...methods(environments, calls),
    resolveAll: ({ context = {} }, call) => {
      const { flags } = chosen(environments, call).snapshot;
      const answers = [...flags.keys()].map((key) => [key, evaluate(flags, key, context)] as const);
      return {
        // A flag that fails is left out: there is no field for an error.
        flags: Object.fromEntries(
          answers
            .filter(([, { errorCode }]) => errorCode === undefined)
            .map(([key, answer]) => [key, { ...commonPart(answer), ...anyValue(answer) }]),
        ),
        metadata: { ...flags.metadata },
      };
    },
  };
}

/** What both versions have, in fields that both have. */
function methods(environments: Environments, calls: LongCalls) {
  const resolver =
    <T>(type: ValueType<T>) =>
    (question: Question, call: HandlerContext): Answer<T> =>
      resolve(chosen(environments, call).snapshot.flags, question, type);
  return {
    resolveBoolean: resolver(booleanType),
    resolveString: resolver(stringType),
    resolveFloat: resolver(floatType),
    resolveInt: resolver(intType),
    resolveObject: resolver(objectType),
    eventStream: (_request: unknown, call: HandlerContext): AsyncGenerator<FlagEvent> => {
      const { requestHeader: header, signal } = call;
      const chooses = header.has('graylane-environment') || selectorOf(header) !== '';
      return flagEvents(environments, chooses ? chosen(environments, call) : undefined, calls, signal);
    },
  };
}

function chosen(environments: Environments, { requestHeader }: HandlerContext): FlagStore {
  return selectStore(environments, requestHeader, selectorOf(requestHeader));
}

/** The value in the field for its type; none where the default of the caller's code serves, or where it is a list. */
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
