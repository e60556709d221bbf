/**
 * A name as Sloth and OpenSLO take it: letters, digits, `.`, `_` and `-`, which begins and ends
 * with a letter or digit.
 */
export function objectName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[._-]+|[._-]+$/g, '');
}
