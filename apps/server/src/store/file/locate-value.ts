/** Where a value stands in a text: from its first character to behind its last. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the value at a path stands in a JSON text that has been parsed before; undefined where there is none, or where an object has the
 * name twice. A tree of the whole text would say the same, and cost most of a write to a large file.
 */
export function locateValue(text: string, path: ReadonlyArray<string | number>): Place | undefined {
  let start = skipSpace(text, 0);
  for (const segment of path) {
    const found = typeof segment === 'string' ? member(text, start, segment) : item(text, start, segment);
    if (found === undefined) return undefined;
    start = found;
  }
  return { start, end: skipValue(text, start) };
}

/** Where the one member of this name has its value. */
function member(text: string, object: number, name: string): number | undefined {
  if (text[object] !== '{') return undefined;
  const written = JSON.stringify(name);
  let found: number | undefined;
  for (let at = skipSpace(text, object + 1); text[at] === '"';) {
    const keyEnd = skipString(text, at);
    const key = text.slice(at, keyEnd);
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (key === written || (key.includes('\\') && JSON.parse(key) === name)) {
      if (found !== undefined) return undefined;
      found = value;
    }
    at = skipComma(text, skipValue(text, value));
  }
  return found;
}

function item(text: string, list: number, index: number): number | undefined {
  if (text[list] !== '[') return undefined;
  let at = skipSpace(text, list + 1);
  for (let passed = 0; text[at] !== ']' && at < text.length; passed += 1) {
    if (passed === index) return at;
    at = skipComma(text, skipValue(text, at));
  }
  return undefined;
}

function skipValue(text: string, start: number): number {
  if (text[start] === '"') return skipString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return match(/[^\s,\]}]*/y, text, start);
  let depth = 0;
  for (let at = start; at < text.length;) {
    at = match(/[^"[\]{}]*/y, text, at);
    if (text[at] === '"') {
      at = skipString(text, at);
    } else {
      depth += text[at] === '{' || text[at] === '[' ? 1 : -1;
      at += 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}

function skipString(text: string, start: number): number {
  return match(/"(?:[^"\\]|\\.)*"/y, text, start);
}

function skipComma(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === ',' ? skipSpace(text, next + 1) : next;
}

function skipSpace(text: string, at: number): number {
  return match(/\s*/y, text, at);
}

/** Behind the match of a sticky pattern. */
function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(text);
  return Math.max(pattern.lastIndex, at);
}
