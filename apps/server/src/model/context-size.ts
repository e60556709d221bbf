import { isObject } from '../is-object.ts';
import { RequestError } from './request-error.ts';

/**
 * The number of values in one evaluation context, members of nested objects and arrays included.
 */
const maxValues = 10_000;

/**
 * Bounds an evaluation context: rules may look at all of it for each flag.
 * @throws {RequestError} `too_large`
 */
export function requireSmallContext(context: object): void {
  if (countValues(context, 0) <= maxValues) return;
  throw new RequestError(
    'too_large',
    `the evaluation context has more than ${maxValues} values: send only the attributes that rules read`,
  );
}

/** Counts the values inside of a value, and stops above the limit. */
function countValues(value: unknown, before: number): number {
  let count = before;
  if (Array.isArray(value)) {
    count += value.length;
    for (const item of value as unknown[]) {
      if (count > maxValues) break;
      if (typeof item === 'object') count = countValues(item, count);
    }
  } else if (isObject(value)) {
    for (const name in value) {
      count += 1;
      if (count > maxValues) break;
      const member = value[name];
      if (typeof member === 'object') count = countValues(member, count);
    }
  }
  return count;
}
