/**
 * Refuses options that do not exist, so that a misspelt one does not pass silently.
 * @throws {TypeError} with the name that was given and those that are allowed.
 */
export function checkOptions(owner: string, options: object, allowed: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (allowed.includes(name)) continue;
    throw new TypeError(`${owner} has no option "${name}": it takes ${allowed.join(', ')}`);
  }
}
