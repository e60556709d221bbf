/**
 * Refuses options with unknown names, because a typo would silently select the default. The baggage
 * and the source have a check each, with the same message: exporting one for this package would
 * make it a part of their interface.
 * @throws {TypeError} that names the first unknown option and lists the known ones.
 */
export function checkOptions(owner: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`${owner} has no option "${unknown}": its options are ${known.join(', ')}`);
}
