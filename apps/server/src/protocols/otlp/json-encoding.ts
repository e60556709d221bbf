import {
  fromJson,
  toJsonString,
  type DescMessage,
  type JsonValue,
  type MessageShape,
} from '@bufbuild/protobuf';
import { isObject } from '../../is-object.ts';
import { nestsDeeper } from '../../json-depth.ts';
import { MalformedJson } from '../../json/cursor.ts';
import { splitItems, splitMembers } from '../../json/members.ts';
import type { TimeSlices } from '../../time-slices.ts';
import { MalformedExport, requireSmall, type Encoding, type Opened } from './encoding.ts';

/** How deep a message may nest that is decoded at once: attributes whose values are arrays. */
const maxDepth = 64;

/** `application/json`: proto3's JSON with ids in hexadecimal. */
export const jsonEncoding: Encoding = {
  type: 'application/json',

  async open<Desc extends DescMessage, Field extends string>(
    schema: Desc,
    bytes: Buffer,
    fields: readonly Field[],
    slices: TimeSlices,
  ): Promise<Opened<Desc, Field>> {
    try {
      const members = await splitMembers(bytes, slices);
      const encoded = {} as Record<Field, readonly Buffer[]>;
      for (const field of fields) {
        const value = members.get(field);
        members.delete(field);
        if (value === undefined || isNull(value)) encoded[field] = [];
        else encoded[field] = isList(schema, field) ? await splitItems(value, slices) : [value];
      }
      const sizes = Array.from(members, ([name, value]) => name.length + value.length);
      requireSmall(
        schema,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      const rest = Object.fromEntries([...members].map(([name, value]) => [name, parse(value)]));
      return { message: read(schema, rest), encoded };
    } catch (error) {
      throw malformed(schema, error);
    }
  },

  decode<Desc extends DescMessage>(schema: Desc, bytes: Buffer): MessageShape<Desc> {
    try {
      return read(schema, parse(bytes));
    } catch (error) {
      throw malformed(schema, error);
    }
  },

  encode: (schema, message) => Buffer.from(toJsonString(schema, message)),
};

function isNull(value: Buffer): boolean {
  return value.length === 4 && value.toString() === 'null';
}

function isList(schema: DescMessage, field: string): boolean {
  return schema.fields.some(({ localName, fieldKind }) => localName === field && fieldKind === 'list');
}

function parse(bytes: Buffer): JsonValue {
  if (nestsDeeper(bytes, maxDepth)) throw new MalformedExport(`it nests deeper than ${maxDepth} levels`);
  return JSON.parse(bytes.toString()) as JsonValue;
}

/** The ids of a trace and its spans are bytes, which proto3's JSON has in base64. */
const idFields = ['traceId', 'spanId', 'parentSpanId'] as const;

function read<Desc extends DescMessage>(schema: Desc, value: JsonValue): MessageShape<Desc> {
  if (!schema.fields.some(({ localName }) => localName === 'traceId') || !isObject(value)) {
    return fromJson(schema, value, { ignoreUnknownFields: true });
  }
  const inBase64 = { ...value } as Record<string, JsonValue>;
  for (const field of idFields) {
    const id = value[field];
    if (typeof id === 'string') inBase64[field] = base64OfHex(id);
  }
  return fromJson(schema, inBase64, { ignoreUnknownFields: true });
}

function base64OfHex(id: string): string {
  if (!/^(?:[0-9a-f]{2})*$/i.test(id))
    throw new MalformedExport(`the id ${JSON.stringify(id)} is not in hexadecimal`);
  return Buffer.from(id, 'hex').toString('base64');
}

function malformed(schema: DescMessage, error: unknown): MalformedExport {
  if (error instanceof MalformedExport) return error;
  const message = error instanceof MalformedJson ? 'it is not JSON' : (error as Error).message;
  return new MalformedExport(`${schema.name}: ${message}`, { cause: error });
}
