import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];

type WriteHead = (...call: unknown[]) => ServerResponse;

/**
 * Calls `change` once, right before the headers of a response leave, when all that the application sets is set: also what it passes
 * to `writeHead`.
 */
export function beforeHeaders(response: ServerResponse, change: () => void): void {
  const own = response as { writeHead: WriteHead };
  const { writeHead } = own;
  let isChanged = false;
  own.writeHead = (...call) => {
    if (isChanged) return writeHead.apply(response, call);
    isChanged = true;
    const [status, ...rest] = call;
    const [message, headers] = typeof rest[0] === 'string' ? rest : [undefined, ...rest];
    if (headers !== undefined) {
      for (const [name, value] of pairs(headers as Headers)) response.setHeader(name, value);
    }
    change();
    return message === undefined
      ? writeHead.call(response, status)
      : writeHead.call(response, status, message);
  };
}

function pairs(headers: Headers | null): ReadonlyArray<[string, OutgoingHttpHeader]> {
  if (headers === null) return [];
  const list = isList(headers) ? inPairs(headers) : Object.entries(headers);
  const byName = new Map<string, [string, OutgoingHttpHeader]>();
  for (const [name, value] of list) {
    if (value === undefined) continue;
    const before = byName.get(name.toLowerCase())?.[1];
    // A name that is repeated in a list is sent as often.
    byName.set(name.toLowerCase(), [name, before === undefined ? value : [before, value].flat().map(String)]);
  }
  return [...byName.values()];
}

function isList(headers: Headers): headers is readonly OutgoingHttpHeader[] {
  return Array.isArray(headers);
}

function inPairs(list: readonly unknown[]): ReadonlyArray<[string, OutgoingHttpHeader | undefined]> {
  const flat = Array.isArray(list[0]) ? list.flat(1) : list;
  const names = flat.filter((_part, index) => index % 2 === 0);
  return names.map((name, index) => [String(name), flat[2 * index + 1] as OutgoingHttpHeader | undefined]);
}
