import { maxDepth, maxLength } from '../limits.ts';
import { RuleError } from '../errors.ts';
import { countWork } from '../work-limit.ts';

const encoder = new TextEncoder();

/**
 * Deterministic CBOR (RFC 8949, 4.2.1) of a JSON value, as version 3 of fractional's hash requires
 * it: whole numbers from -2^63 to 2^64-1 are integers, -0 is 0, other numbers take the shortest
 * float that holds them, and keys are sorted by their encoding.
 */
export function encodeCbor(value: unknown): Uint8Array {
  const bytes: number[] = [];
  append(bytes, value, maxDepth);
  return Uint8Array.from(bytes);
}

function append(bytes: number[], value: unknown, depth: number): void {
  if (depth === 0) throw new RuleError(`a bucket key is nested deeper than ${maxDepth} levels`);
  countWork(10);
  if (bytes.length > maxLength) throw new RuleError(`a bucket key has more than ${maxLength} bytes`);
  if (value === null || value === undefined) bytes.push(0xf6);
  else if (typeof value === 'boolean') bytes.push(value ? 0xf5 : 0xf4);
  else if (typeof value === 'number') appendNumber(bytes, value);
  else if (typeof value === 'string') appendText(bytes, value);
  else if (Array.isArray(value)) {
    appendHead(bytes, 4, value.length);
    for (const item of value) append(bytes, item, depth - 1);
  } else if (typeof value === 'object') appendMap(bytes, value, depth);
  else throw new RuleError(`a bucket key can't hold a ${typeof value}`);
}

function appendNumber(bytes: number[], value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) {
    if (value >= 0) appendHead(bytes, 0, value);
    else appendHead(bytes, 1, -1n - BigInt(value));
  } else if (Number.isNaN(value)) bytes.push(0xf9, 0x7e, 0x00);
  else appendFloat(bytes, value);
}

function appendFloat(bytes: number[], value: number): void {
  countWork(60);
  const view = new DataView(new ArrayBuffer(8));
  if (Math.fround(value) !== value) {
    view.setFloat64(0, value);
    bytes.push(0xfb, ...new Uint8Array(view.buffer));
    return;
  }
  view.setFloat32(0, value);
  const half = toHalf(view.getUint32(0));
  if (half === undefined) bytes.push(0xfa, ...new Uint8Array(view.buffer, 0, 4));
  else bytes.push(0xf9, half >> 8, half & 0xff);
}

/**
 * The bits of the half-precision float that equals a single-precision one; undefined if none does.
 */
function toHalf(single: number): number | undefined {
  const sign = (single >>> 16) & 0x8000;
  const exponent = ((single >>> 23) & 0xff) - 127;
  const mantissa = single & 0x7fffff;
  if (exponent === 128 && mantissa === 0) return sign | 0x7c00;
  if (exponent >= -14 && exponent <= 15) {
    return (mantissa & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (mantissa >> 13) : undefined;
  }
  if (exponent < -24 || exponent > -15) return undefined;
  const shift = -exponent - 1;
  const whole = mantissa | 0x800000;
  return (whole & ((1 << shift) - 1)) === 0 ? sign | (whole >> shift) : undefined;
}

function appendText(bytes: number[], text: string): void {
  const encoded = encoder.encode(text);
  countWork(3 * encoded.length);
  appendHead(bytes, 3, encoded.length);
  for (const byte of encoded) bytes.push(byte);
}

function appendMap(bytes: number[], map: object, depth: number): void {
  countWork(100 * Object.keys(map).length);
  const entries = Object.entries(map).map(([key, value]) => {
    const entry: number[] = [];
    appendText(entry, key);
    return { key: entry, value: value as unknown };
  });
  entries.sort((one, other) => compareBytes(one.key, other.key));
  appendHead(bytes, 5, entries.length);
  for (const { key, value } of entries) {
    for (const byte of key) bytes.push(byte);
    append(bytes, value, depth - 1);
  }
}

/** The initial byte of a data item and its argument, in the fewest bytes. */
function appendHead(bytes: number[], major: number, argument: number | bigint): void {
  const type = major << 5;
  if (argument < 24) {
    bytes.push(type | Number(argument));
    return;
  }
  const size = argument < 0x100 ? 0 : argument < 0x10000 ? 1 : argument < 0x100000000 ? 2 : 3;
  bytes.push(type | (24 + size));
  for (let rest = 2 ** size - 1; rest >= 0; rest -= 1) {
    bytes.push(Number((BigInt(argument) >> BigInt(8 * rest)) & 0xffn));
  }
}

function compareBytes(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < one.length && index < other.length; index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
