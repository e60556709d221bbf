import { fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { TimeSlices } from '../../time-slices.ts';
import { MalformedExport, requireSmall, type Encoding, type Opened } from './encoding.ts';

/** `application/x-protobuf`. */
export const protobufEncoding: Encoding = {
  type: 'application/x-protobuf',

  async open<Desc extends DescMessage, Field extends string>(
    schema: Desc,
    bytes: Buffer,
    fields: readonly Field[],
    slices: TimeSlices,
  ): Promise<Opened<Desc, Field>> {
    const encoded = Object.fromEntries(fields.map((field) => [field, [] as Buffer[]])) as Record<
      Field,
      Buffer[]
    >;
    const byNumber = new Map(
      fields.map((field) => [schema.fields.find(({ localName }) => localName === field)?.number, field]),
    );
    const rest: Buffer[] = [];
    const reader = new BinaryReader(bytes);
    for (const next = fieldReader(reader, schema); reader.pos < reader.len;) {
      const { number, wireType, start, valueStart, end } = next();
      const field = byNumber.get(number);
      if (field === undefined) rest.push(bytes.subarray(start, end));
      else if (wireType === WireType.LengthDelimited) encoded[field].push(bytes.subarray(valueStart, end));
      else throw new MalformedExport(`${schema.name}.${field} is not a message`);
      if (slices.over) await slices.next();
    }
    requireSmall(
      schema,
      rest.reduce((sum, { length }) => sum + length, 0),
    );
    return { message: this.decode(schema, Buffer.concat(rest)), encoded };
  },

  decode<Desc extends DescMessage>(schema: Desc, bytes: Buffer): MessageShape<Desc> {
    try {
      return fromBinary(schema, bytes, { readUnknownFields: false });
    } catch (error) {
      throw malformed(schema, error);
    }
  },

  encode: toBinary,
};

interface WireField {
  readonly number: number;
  readonly wireType: WireType;
  /** Where its tag begins. */
  readonly start: number;
  /** Where its value begins, after the length of one that has a length. */
  readonly valueStart: number;
  readonly end: number;
}

/** Returns a function that reads the next field without decoding its value. */
function fieldReader(reader: BinaryReader, schema: DescMessage): () => WireField {
  return () => {
    try {
      const start = reader.pos;
      const [number, wireType] = reader.tag();
      if (wireType !== WireType.LengthDelimited) {
        const valueStart = reader.pos;
        reader.skip(wireType, number);
        return { number, wireType, start, valueStart, end: reader.pos };
      }
      const { length } = reader.bytes();
      return { number, wireType, start, valueStart: reader.pos - length, end: reader.pos };
    } catch (error) {
      throw malformed(schema, error);
    }
  };
}

function malformed(schema: DescMessage, error: unknown): MalformedExport {
  return new MalformedExport(`${schema.name}: ${(error as Error).message}`, { cause: error });
}
