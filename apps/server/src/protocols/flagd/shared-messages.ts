import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { createContextKey, type ContextKey } from '@connectrpc/connect';
import type {
  UniversalHandlerFn,
  UniversalServerRequest,
  UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import type { Snapshot } from '../../model/document.ts';
import { documentText } from '../../model/document-text.ts';

/**
 * The documents that a call sends, in the order of its messages. Where a service has put one here,
 * it sends an empty message in its place, which is replaced by the document's bytes: Connect would
 * serialize the document for each call and keep a copy for each client that reads slowly.
 */
export const documentsKey: ContextKey<Snapshot[]> = createContextKey([], {
  description: 'the documents of the messages of a call',
});

/** Below this size, in bytes, messages are not compressed: Connect's own limit. */
const compressMinBytes = 1024;

/** flags of an envelope, in gRPC, gRPC-Web and Connect streams alike, that ends a stream. */
const endFlags = 0b1000_0010;
const compressedFlag = 1;

/** Lets the messages of a handler be replaced by shared bytes. */
export function withSharedMessages(handler: UniversalHandlerFn, withContext: boolean): UniversalHandlerFn {
  return async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const documents = request.contextValues?.get(documentsKey) ?? [];
    const { body, header } = response;
    if (body === undefined || body === null || header === undefined) return response;
    const type = header.get('content-type') ?? '';
    const form: Form = {
      json: type.includes('json'),
      envelope: type.startsWith('application/grpc') || type.startsWith('application/connect'),
      gzip: [header.get('grpc-encoding'), header.get('connect-content-encoding')].includes('gzip'),
      withContext,
    };
    // That of Connect's own message.
    if (documents.length > 0) header.delete('content-length');
    return { ...response, body: replaced(body, documents, form) };
  };
}

/** How a message with a document is encoded. */
interface Form {
  readonly json: boolean;
  readonly envelope: boolean;
  readonly gzip: boolean;
  /** Whether the message has flagd's `sync_context`, which is empty. */
  readonly withContext: boolean;
}

async function* replaced(
  body: AsyncIterable<Uint8Array>,
  documents: Snapshot[],
  form: Form,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const isMessage = !form.envelope || ((chunk[0] ?? 0) & endFlags) === 0;
    const document = isMessage ? documents.shift() : undefined;
    yield document === undefined ? chunk : await encoded(document, form);
  }
}

const messages = new WeakMap<Snapshot, Map<string, Promise<Uint8Array>>>();

/** The bytes of a message, made once for all calls. */
async function encoded(snapshot: Snapshot, form: Form): Promise<Uint8Array> {
  let known = messages.get(snapshot);
  if (known === undefined) messages.set(snapshot, (known = new Map()));
  const key = JSON.stringify(form);
  let bytes = known.get(key);
  if (bytes === undefined) known.set(key, (bytes = encode(snapshot, form)));
  return bytes;
}

async function encode(snapshot: Snapshot, form: Form): Promise<Uint8Array> {
  const document = Buffer.concat(await documentText(snapshot));
  const message = form.json ? jsonMessage(document, form) : binaryMessage(document, form);
  if (!form.envelope) return message;
  const compress = form.gzip && message.length >= compressMinBytes;
  const payload = compress ? await promisify(gzip)(message) : message;
  const head = Buffer.alloc(5);
  head[0] = compress ? compressedFlag : 0;
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** `flag_configuration` is field 1 and `sync_context` field 2 (flagd.sync.v1). */
function binaryMessage(document: Buffer, { withContext }: Form): Buffer {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(document.length).finish();
  const context = new BinaryWriter().tag(2, WireType.LengthDelimited).uint32(0).finish();
  return Buffer.concat(withContext ? [head, document, context] : [head, document]);
}

function jsonMessage(document: Buffer, { withContext }: Form): Buffer {
  const flagConfiguration = document.toString();
  return Buffer.from(JSON.stringify({ flagConfiguration, ...(withContext ? { syncContext: {} } : {}) }));
}
