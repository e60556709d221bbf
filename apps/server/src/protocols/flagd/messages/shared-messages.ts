import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createContextKey, type ContextKey } from '@connectrpc/connect';
import type {
  UniversalHandlerFn,
  UniversalServerRequest,
  UniversalServerResponse,
} from '@connectrpc/connect/protocol';

/**
 * A message that is not serialized by Connect, or that many calls send: then once for each format
 * that a client may request.
 */
export class SharedMessage {
  readonly #serialize: (format: 'json' | 'binary') => Promise<Uint8Array>;
  readonly #serialized = new Map<string, Promise<Uint8Array>>();

  /** @param serialize makes the message, without an envelope. */
  constructor(serialize: (format: 'json' | 'binary') => Promise<Uint8Array>) {
    this.#serialize = serialize;
  }

  /** The bytes of the message, the same object for all calls. */
  async bytes({ format, envelope, compress }: Form): Promise<Uint8Array> {
    const key = `${format} ${envelope} ${compress}`;
    let bytes = this.#serialized.get(key);
    if (bytes === undefined) {
      const message = this.#serialize(format);
      bytes = envelope ? enveloped(message, compress) : message;
      this.#serialized.set(key, bytes);
    }
    return bytes;
  }
}

/** How a client wants its messages. */
export interface Form {
  readonly format: 'json' | 'binary';
  /** All but unary calls of Connect: a byte of flags, and the length. */
  readonly envelope: boolean;
  readonly compress: boolean;
}

/**
 * The shared messages that a call sends, in their order. A service that adds one here yields an
 * empty message in its place, which is replaced by the shared bytes: Connect would serialize the
 * message for each call, and keep a copy for each client that reads slowly.
 */
export const sharedMessagesKey: ContextKey<Array<SharedMessage | undefined>> = createContextKey([], {
  description: 'the shared messages of a call; undefined for a message of its own',
});

/** Below this size, in bytes, messages are not compressed: Connect's own limit. */
const compressMinBytes = 1024;

/** Flags of an envelope that ends a stream: in gRPC-Web and in Connect. */
const endFlags = 0b1000_0010;
const compressedFlag = 1;

/** Replaces the messages of a handler by those in {@link sharedMessagesKey}. */
export function withSharedMessages(handler: UniversalHandlerFn): UniversalHandlerFn {
  return async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const shared = request.contextValues?.get(sharedMessagesKey) ?? [];
    const { body, header } = response;
    if (body === undefined || body === null || header === undefined) return response;
    const type = header.get('content-type') ?? '';
    const form: Form = {
      format: formatOf(header),
      envelope: /^application\/(?:grpc|connect)/.test(type),
      compress: [header.get('grpc-encoding'), header.get('connect-content-encoding')].includes('gzip'),
    };
    // That of Connect's own message.
    if (shared.length > 0) header.delete('content-length');
    return { ...response, body: replaced(body, shared, form) };
  };
}

/** The format of the messages of a call, by the headers of its request or its response. */
export function formatOf(header: Headers): 'json' | 'binary' {
  return (header.get('content-type') ?? '').includes('json') ? 'json' : 'binary';
}

async function* replaced(
  body: AsyncIterable<Uint8Array>,
  shared: Array<SharedMessage | undefined>,
  form: Form,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const isMessage = !form.envelope || ((chunk[0] ?? 0) & endFlags) === 0;
    const message = isMessage ? shared.shift() : undefined;
    yield message === undefined ? chunk : await message.bytes(form);
  }
}

async function enveloped(serialized: Promise<Uint8Array>, compress: boolean): Promise<Uint8Array> {
  const message = await serialized;
  const compressed = compress && message.length >= compressMinBytes;
  const payload = compressed ? await promisify(gzip)(message) : message;
  const head = Buffer.alloc(5);
  head[0] = compressed ? compressedFlag : 0;
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}
