/**
 * Refuses names that nobody reads: a typo would pass for a default.
 * @throws {TypeError} that names the first of them and the known ones.
 */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${what} has no "${unknown}": it knows ${known.join(', ')}`);
}
