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
    const members: string[] = [];
    if (format === 'binary') {
      // Serialized messages that stand one after another are one message with the fields of all.
      const written = new GrowingBuffer();
      this.#add = (key, flag) =>
        written.append(serialize({ flags: Object.fromEntries([[key, create(AnyFlagSchema, flag)]]) }));
      this.#finish = (metadata) => {
        written.append(serialize({ metadata }));
        return written.bytes;
      };
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

/** Bytes in one piece of memory: thousands of small pieces would fragment the heap. */
class GrowingBuffer {
  #buffer = Buffer.allocUnsafeSlow(65_536);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  append(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(part, this.#length);
    this.#length = length;
  }
}
