/**
 * The index at which a string stops being JSON (RFC 8259). Call it only with a string that
 * `JSON.parse` refuses.
 */
export function findSyntaxError(text: string): number {
  const open: Array<'{' | '['> = [];
  let expected: Expectation = 'value';
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const token = readToken(text, at);
    if (token === '') return at;
    const next = step(expected, token, open);
    if (next === undefined) return at;
    expected = next;
    at += token.length;
  }
  return text.length;
}

type Expectation = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'separator' | 'end';

const space = /[\t\n\r ]*/y;
const tokens = /[{}[\]:,]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** The tokens that may follow; undefined if the token itself is not allowed here. */
function step(expected: Expectation, token: string, open: Array<'{' | '['>): Expectation | undefined {
  if (expected.startsWith('value')) {
    if (token === '{' || token === '[') {
      open.push(token);
      return token === '{' ? 'key or }' : 'value or ]';
    }
    if (token === ']' && expected === 'value or ]') return close(open);
    return '}]:,'.includes(token) ? undefined : after(open);
  }
  if (expected.startsWith('key')) {
    if (token === '}' && expected === 'key or }') return close(open);
    return token.startsWith('"') ? 'colon' : undefined;
  }
  if (expected === 'colon') return token === ':' ? 'value' : undefined;
  if (expected === 'end') return undefined;
  if (token === ',') return open.at(-1) === '{' ? 'key' : 'value';
  return token === (open.at(-1) === '{' ? '}' : ']') ? close(open) : undefined;
}

function close(open: Array<'{' | '['>): Expectation {
  open.pop();
  return after(open);
}

function after(open: ReadonlyArray<'{' | '['>): Expectation {
  return open.length === 0 ? 'end' : 'separator';
}

function readToken(text: string, at: number): string {
  if (text[at] === '"') return readText(text, at);
  tokens.lastIndex = at;
  return tokens.exec(text)?.[0] ?? '';
}

/** Reads piece by piece: one pattern for a whole long string would overflow the stack. */
function readText(text: string, start: number): string {
  let at = start + 1;
  for (;;) {
    at = endOf(plainText, text, at);
    if (text[at] === '"') return text.slice(start, at + 1);
    const end = endOf(escaped, text, at);
    if (end === at) return '';
    at = end;
  }
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function skipSpace(text: string, at: number): number {
  space.lastIndex = at;
  space.exec(text);
  return space.lastIndex;
}
