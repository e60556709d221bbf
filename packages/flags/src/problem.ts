/** One fault of a flag document: where it is, what is wrong, and what would be right. */
export interface Problem {
  /** JSON path, e.g. `$.flags.checkout.defaultVariant`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** Where a set has its shared rules. */
export const evaluatorsPath = '$["$evaluators"]';

const plainName = /^[A-Za-z_$][\w$]*$/;

/** Appends a property name or an index to a JSON path (RFC 9535, normal where the name is plain). */
export function joinPath(path: string, segment: string | number): string {
  if (typeof segment === 'number') return `${path}[${segment}]`;
  return plainName.test(segment) ? `${path}.${segment}` : `${path}[${JSON.stringify(segment)}]`;
}

/** A value as a message shows it: JSON, cut to 60 characters. */
export function show(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? summary(value) : plain(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** What JSON can't say, a bigint or a function, is named by its type. */
function plain(value: unknown): string {
  const known = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return known ? JSON.stringify(value) : typeof value;
}

function summary(value: object): string {
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : `an object with ${Object.keys(value).slice(0, 3).map(quote).join(', ') || 'no keys'}`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 30));
}
