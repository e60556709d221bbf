import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];

type WriteHead = (
  this: ServerResponse,
  status: number,
  message?: string | Headers,
  headers?: Headers,
) => ServerResponse;

/**
 * Calls `change` right before the headers of a response leave, when all that the application sets is set: also what it passes to
 * `writeHead`. `owner` is the response, or a prototype of responses. `change` gets what `take` answers, unless that is undefined.
 */
export function beforeHeaders<Told>(
  owner: ServerResponse,
  take: (response: ServerResponse) => Told | undefined,
  change: (response: ServerResponse, told: Told) => void,
): void {
  const own = owner as { writeHead: WriteHead };
  const { writeHead } = own;
  own.writeHead = function (status, message, headers) {
    const told = take(this);
    if (told === undefined) return writeHead.call(this, status, message, headers);
    const given = typeof message === 'string' ? headers : message;
    if (given) for (const [name, value] of pairs(given)) this.setHeader(name, value);
    change(this, told);
    return typeof message === 'string' ? writeHead.call(this, status, message) : writeHead.call(this, status);
  };
}

function pairs(headers: Headers): ReadonlyArray<[string, OutgoingHttpHeader]> {
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
