import type { DescMessage } from '@bufbuild/protobuf';
import { sourceOf, type Source } from '../../signals/source.ts';
import type { SpanKind, SpanRecord } from '../../signals/span-record.ts';
import type { TimeSlices } from '../../time-slices.ts';
import { attributesOf } from './attributes.ts';
import { maxBytesAtOnce, type Encoding } from './encoding.ts';
import {
  ExportTraceServiceRequestSchema,
  ResourceSpansSchema,
  ScopeSpansSchema,
  SpanSchema,
  type Span,
} from './gen/graylane/otlp/v1/traces_pb.ts';
import { Rejections } from './rejections.ts';
import { millisecondsOf } from './times.ts';

/** The spans of an export, and how many others were rejected. */
export interface DecodedSpans {
  readonly spans: readonly SpanRecord[];
  readonly rejections: Rejections;
}

/**
 * Decodes an `ExportTraceServiceRequest`, a span at a time.
 * @throws {MalformedExport}
 */
export async function decodeSpans(
  body: Buffer,
  encoding: Encoding,
  slices: TimeSlices,
): Promise<DecodedSpans> {
  const decoder = new SpansDecoder(encoding, slices);
  await decoder.request(body);
  return decoder;
}

class SpansDecoder implements DecodedSpans {
  readonly spans: SpanRecord[] = [];
  readonly rejections = new Rejections();
  readonly #encoding: Encoding;
  readonly #slices: TimeSlices;

  constructor(encoding: Encoding, slices: TimeSlices) {
    this.#encoding = encoding;
    this.#slices = slices;
  }

  async request(body: Buffer): Promise<void> {
    const { encoded } = await this.#open(ExportTraceServiceRequestSchema, body, ['resourceSpans']);
    for (const bytes of encoded.resourceSpans) await this.#resource(bytes);
  }

  async #resource(bytes: Buffer): Promise<void> {
    if (this.#slices.over) await this.#slices.next();
    const { message, encoded } = await this.#open(ResourceSpansSchema, bytes, ['scopeSpans']);
    const resource = attributesOf(message.resource?.attributes ?? []);
    for (const scope of encoded.scopeSpans) await this.#scope(scope, resource);
  }

  async #scope(bytes: Buffer, resource: Source['resource']): Promise<void> {
    if (this.#slices.over) await this.#slices.next();
    const { message, encoded } = await this.#open(ScopeSpansSchema, bytes, ['spans']);
    const source = sourceOf(resource, message.scope?.name ?? '');
    for (const span of encoded.spans) {
      if (span.length <= maxBytesAtOnce) this.#add(this.#encoding.decode(SpanSchema, span), source);
      else this.rejections.add('a span', `it has ${span.length} bytes, more than ${maxBytesAtOnce}`);
      if (this.#slices.over) await this.#slices.next();
    }
  }

  #add(span: Span, source: Source): void {
    const [traceId, spanId] = [hexOf(span.traceId), hexOf(span.spanId)];
    if (traceId.length !== 32 || spanId.length !== 16) {
      const reason = `its ids have ${span.traceId.length} and ${span.spanId.length} bytes, not 16 and 8`;
      this.rejections.add(span.name, reason);
      return;
    }
    const failed = span.status?.code === errorStatus;
    this.spans.push({
      source,
      traceId,
      spanId,
      parentSpanId: span.parentSpanId.length === 0 ? undefined : hexOf(span.parentSpanId),
      name: span.name,
      kind: kinds[span.kind] ?? 'internal',
      startMs: millisecondsOf(span.startTimeUnixNano),
      endMs: millisecondsOf(span.endTimeUnixNano),
      attributes: attributesOf(span.attributes),
      failed,
      statusMessage: (failed && span.status?.message) || undefined,
    });
  }

  async #open<Desc extends DescMessage, Field extends string>(
    schema: Desc,
    bytes: Buffer,
    fields: readonly Field[],
  ) {
    return this.#encoding.open(schema, bytes, fields, this.#slices);
  }
}

/** OTLP's `SpanKind`, and its `StatusCode` of an error. */
const kinds: Readonly<Record<number, SpanKind>> = { 2: 'server', 3: 'client', 4: 'producer', 5: 'consumer' };
const errorStatus = 2;

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
