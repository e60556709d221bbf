/** One fault of a flag document: where it is, what is wrong, and what is allowed. */
export interface Problem {
  /** JSON path, e.g. `$.flags.checkout.defaultVariant`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A problem, in one line. */
export function problem(path: string, message: string, remedy: string): Problem {
  return { path, message, remedy };
}

/** The JSON path of a set's shared rules. */
export const evaluatorsPath = '$["$evaluators"]';

const plainName = /^[A-Za-z_$][\w$]*$/;

/**
 * Appends a property name or an index to a JSON path (RFC 9535, normalized where the name is
 * plain).
 */
export function joinPath(path: string, segment: string | number): string {
  if (typeof segment === 'number') return `${path}[${segment}]`;
  return plainName.test(segment) ? `${path}.${segment}` : `${path}[${JSON.stringify(segment)}]`;
}

/** A value as a message shows it: JSON, cut to 60 characters. */
export function show(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? summary(value) : plain(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** JSON has no bigint and no function, so these are shown by their type. */
function plain(value: unknown): string {
  // Cut first: an evaluation context can hold a megabyte.
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return value === null || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : typeof value;
}

function summary(value: object): string {
  return Array.isArray(value)
    ? `an array of ${value.length}`
    : `an object with ${Object.keys(value).slice(0, 3).map(quote).join(', ') || 'no keys'}`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 30));
}
