import { JsonCursor, MalformedJson } from './cursor.ts';
import type { TimeSlices } from '../time-slices.ts';

/**
 * The members of an object in JSON, each still as bytes; of several with one name the last one.
 * @throws {MalformedJson} if it is not an object. The values are not validated.
 */
export async function splitMembers(bytes: Buffer, slices: TimeSlices): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { name, value } of walk(bytes, '{', slices)) found.set(name ?? '', value);
  return found;
}

/**
 * The members of an object in JSON.
 * @throws {MalformedJson | SyntaxError}
 */
export async function parseMembers(bytes: Buffer, slices: TimeSlices): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const { name, value } of walk(bytes, '{', slices)) found.set(name ?? '', parse(value));
  return found;
}

/**
 * The items of an array in JSON.
 * @throws {MalformedJson | SyntaxError}
 */
export async function parseItems(bytes: Buffer, slices: TimeSlices): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { value } of walk(bytes, '[', slices)) found.push(parse(value));
  return found;
}

/**
 * The items of an array in JSON, each still as bytes.
 * @throws {MalformedJson} if it is not an array. The items are not validated.
 */
export async function splitItems(bytes: Buffer, slices: TimeSlices): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const { value } of walk(bytes, '[', slices)) found.push(value);
  return found;
}

/** The first character of JSON after white space, which shows the type of the value. */
export function kindOf(bytes: Buffer): string {
  return String.fromCodePoint(bytes[new JsonCursor(bytes).skipSpace(0)] ?? 0);
}

async function* walk(
  bytes: Buffer,
  open: '{' | '[',
  slices: TimeSlices,
): AsyncGenerator<{ readonly name: string | undefined; readonly value: Buffer }> {
  const cursor = new JsonCursor(bytes);
  const start = cursor.skipSpace(0);
  if (kindOf(bytes) !== open) throw new MalformedJson();
  const members = cursor.walk(start);
  for (let more = members.next(); more;) {
    const end = await cursor.skipInSlices(members.valueStart, slices);
    const name = open === '{' ? cursor.nameAt(members.start) : undefined;
    yield { name, value: bytes.subarray(members.valueStart, end) };
    more = members.next(end);
    if (slices.over) await slices.next();
  }
  if (cursor.skipSpace(members.close + 1) !== bytes.length) throw new MalformedJson();
}

function parse(value: Buffer): unknown {
  return JSON.parse(value.toString());
}
