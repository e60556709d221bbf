/**
 * Refuses options with unknown names, because a typo would silently select the default.
 * @throws {TypeError} that names the first unknown option and lists the known ones.
 */
export function checkOptions(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`${what} has no option "${unknown}": its options are ${known.join(', ')}`);
}

/** The type of an option's value. */
export type OptionType = 'string' | 'boolean' | 'function' | 'object' | 'array' | 'positive number';

/**
 * Refuses options of another type, which JavaScript would convert: the string "false" counts as
 * true. `undefined` counts as left out.
 * @throws {TypeError} that names the first such option and its type, but not its value, which may
 *   be a secret.
 */
export function checkTypes(what: string, given: object, types: Readonly<Record<string, OptionType>>): void {
  for (const [name, type] of Object.entries(types)) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || isOfType(value, type)) continue;
    const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const got = typeof value === 'number' ? `the number ${value}` : `a value of the type ${kind}`;
    throw new TypeError(`${what}: "${name}" must be of the type ${type}, got ${got}`);
  }
}

function isOfType(value: unknown, type: OptionType): boolean {
  if (type === 'positive number') return typeof value === 'number' && value > 0;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
