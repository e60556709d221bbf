import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { TimeSlices } from '../../time-slices.ts';

/**
 * One of OTLP's two encodings. It takes a message apart level by level, so that a large export is
 * decoded in slices; the smallest messages are decoded at once.
 */
export interface Encoding {
  /** The media type of requests and responses. */
  readonly type: string;
  /**
   * Decodes a message except for some of its fields, whose values stay encoded: the items of a
   * repeated field, or the one value of another.
   * @throws {MalformedExport}
   */
  open<Desc extends DescMessage, Field extends string>(
    schema: Desc,
    bytes: Buffer,
    fields: readonly Field[],
    slices: TimeSlices,
  ): Promise<Opened<Desc, Field>>;
  /**
   * Decodes a whole message.
   * @throws {MalformedExport}
   */
  decode<Desc extends DescMessage>(schema: Desc, bytes: Buffer): MessageShape<Desc>;
  encode<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Uint8Array;
}

/** A message, and the values of the fields that were left encoded. */
export interface Opened<Desc extends DescMessage, Field extends string> {
  readonly message: MessageShape<Desc>;
  readonly encoded: Readonly<Record<Field, readonly Buffer[]>>;
}

/** The bytes are not the message that they should be. */
export class MalformedExport extends Error {}

/** The most bytes that are decoded at once, while other requests wait. */
export const maxBytesAtOnce = 262_144;

/** Refuses a message of which too much is left to be decoded at once. */
export function requireSmall({ name }: DescMessage, bytes: number): void {
  if (bytes > maxBytesAtOnce)
    throw new MalformedExport(`${name}: it has more than ${maxBytesAtOnce} bytes beside its items`);
}
