/**
 * Baggage as OpenTelemetry for .NET forwards it: it knows no properties, decodes keys and values as
 * forms do, and encodes them so, with fewer plain characters than any other propagator (`~` is
 * none). Members without a value are dropped.
 */
export function throughDotnet(header: string): string {
  const members = new Map<string, string>();
  for (const member of header.split(',')) {
    const at = member.indexOf('=');
    if (at < 0) continue;
    const [key, value] = [urlDecode(member.slice(0, at)), urlDecode(member.slice(at + 1))];
    if (key !== '' && value !== '') members.set(key, value);
  }
  return [...members].map(([key, value]) => `${urlEncode(key)}=${urlEncode(value)}`).join(',');
}

/** `WebUtility.UrlDecode`: of bytes that are not UTF-8, it makes U+FFFD. */
function urlDecode(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const hex = /^%([\da-f]{2})/i.exec(text.slice(at, at + 3))?.[1];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(...Buffer.from(text[at] === '+' ? ' ' : (text[at] ?? '')));
  }
  return Buffer.from(bytes).toString();
}

/** `WebUtility.UrlEncode`. */
function urlEncode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCodePoint(byte);
      if (/[\w.!*()-]/.test(character)) return character;
      return character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
