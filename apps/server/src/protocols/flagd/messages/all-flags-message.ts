import { create, toBinary, toJsonString, type MessageInitShape } from '@bufbuild/protobuf';
import { AnyFlagSchema, ResolveAllResponseSchema } from '../gen/flagd/evaluation/v1/evaluation_pb.ts';

type FlagOfAll = MessageInitShape<typeof AnyFlagSchema>;
type Metadata = MessageInitShape<typeof ResolveAllResponseSchema>['metadata'];

/**
 * A `ResolveAllResponse` that is serialized flag by flag, so that the event loop can turn in
 * between: Connect serializes a message of thousands of flags in one piece.
 */
export class AllFlagsMessage {
  readonly #add: (key: string, flag: FlagOfAll) => void;
  readonly #finish: (metadata: Metadata) => Uint8Array;

  constructor(format: 'json' | 'binary') {
    const parts: Uint8Array[] = [];
    const members: string[] = [];
    if (format === 'binary') {
      // Serialized messages that stand one after another are one message with the fields of all.
      this.#add = (key, flag) =>
        parts.push(serialize({ flags: Object.fromEntries([[key, create(AnyFlagSchema, flag)]]) }));
      this.#finish = (metadata) => Buffer.concat([...parts, serialize({ metadata })]);
    } else {
      this.#add = (key, flag) =>
        members.push(`${JSON.stringify(key)}:${toJsonString(AnyFlagSchema, create(AnyFlagSchema, flag))}`);
      this.#finish = (metadata) =>
        Buffer.from(`{"flags":{${members.join(',')}},"metadata":${JSON.stringify(metadata ?? {})}}`);
    }
  }

  add(key: string, flag: FlagOfAll): void {
    this.#add(key, flag);
  }

  finish(metadata: Metadata): Uint8Array {
    return this.#finish(metadata);
  }
}

function serialize(part: MessageInitShape<typeof ResolveAllResponseSchema>): Uint8Array {
  return toBinary(ResolveAllResponseSchema, create(ResolveAllResponseSchema, part));
}
