/** The type of an option's value; a `?` marks an option that may be left out. */
export type OptionType =
  `${'object' | 'array' | 'function' | 'string' | 'number' | 'boolean' | 'any'}${'' | '?'}`;

/** The options that a function takes: the type of each by its name. */
export type OptionTypes = Readonly<Record<string, OptionType>>;

/**
 * Checks the options that a function was given, so that a typo is not taken for a default:
 * `checkOptions('baggageFetch', options, { egress: 'object', fetch: 'function?' }, 'baggageFetch({
 * egress: { to: {} } })')`. `undefined` counts as left out, for one option as for all of them.
 * @throws {TypeError} that names the first option that is unknown, missing or of another type, and
 *   has the allowed options and the example.
 */
export function checkOptions(owner: string, given: unknown, types: OptionTypes, example: string): void {
  const options = given === undefined ? {} : given;
  if (!isOfType(options, 'object')) {
    throw new TypeError(`${owner} takes an object of options, got ${describe(options)}: e.g. ${example}`);
  }
  for (const name of Object.keys(options as object)) checkName(owner, name, types, example);
  for (const [name, type] of Object.entries(types)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined && !type.endsWith('?')) {
      throw new TypeError(`${owner} needs the option "${name}": e.g. ${example}`);
    }
    if (value !== undefined && !isOfType(value, type.replace('?', ''))) {
      throw new TypeError(
        `${owner}: "${name}" must be ${articled(type.replace('?', ''))}, got ${describe(value)}: e.g. ${example}`,
      );
    }
  }
}

function checkName(owner: string, name: string, types: OptionTypes, example: string): void {
  if (Object.hasOwn(types, name)) return;
  const names = Object.keys(types);
  const edits = names.map((known) => editsBetween(name.toLowerCase(), known.toLowerCase()));
  const least = Math.min(...edits);
  const near = least <= mostEdits ? names[edits.indexOf(least)] : undefined;
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  throw new TypeError(
    `${owner} has no option "${name}"${hint}: its options are ${names.join(', ')}, e.g. ${example}`,
  );
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'any') return true;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type && !Number.isNaN(value);
}

/** The type only: a value may be a secret. */
function describe(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return String(value);
  return articled(Array.isArray(value) ? 'array' : typeof value);
}

function articled(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/**
 * The largest number of edits in a typo: an extra, missing or wrong letter is one edit, two swapped
 * letters are two.
 */
const mostEdits = 2;

/**
 * The edit distance of Levenshtein; if the lengths differ by more than a typo, any larger number.
 */
function editsBetween(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > mostEdits) return mostEdits + 1;
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const cost = one[row - 1] === other[column - 1] ? 0 : 1;
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + cost,
      );
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
