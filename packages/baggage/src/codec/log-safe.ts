const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const most = 200;

/**
 * Escapes a string of baggage for a log: one line without control characters, and at most 200
 * characters. Encoded control characters are legal in baggage, so a lane can hold a line break.
 */
export function printable(text: string): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(
    unprintable,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  );
}
