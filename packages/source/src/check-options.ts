/**
 * Refuses options with unknown names, because a typo would silently select the default.
 * @throws {TypeError} that names the first unknown option and lists the known ones.
 */
export function checkOptions(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`${what} has no option "${unknown}": its options are ${known.join(', ')}`);
}
