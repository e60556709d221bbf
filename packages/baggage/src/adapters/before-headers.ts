import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];

/** What is to be done to a response right before its headers leave. */
export interface HeadersChange {
  apply(response: ServerResponse): void;
}

/** Stands on the response: a closure for each would be most of what the change costs. */
const waiting = Symbol('graylane before headers');

type WriteHead = (this: ServerResponse, ...call: unknown[]) => ServerResponse;

interface Waiting {
  writeHead: WriteHead;
  [waiting]?: { readonly writeHead: WriteHead; change: HeadersChange | undefined };
}

/** Applies `change` once, when all that the application sets is set: also what it passes to `writeHead`. */
export function beforeHeaders(response: ServerResponse, change: HeadersChange): void {
  const own = response as unknown as Waiting;
  own[waiting] = { writeHead: own.writeHead, change };
  own.writeHead = changeAndWriteHead;
}

function changeAndWriteHead(this: ServerResponse, ...call: unknown[]): ServerResponse {
  const { [waiting]: state } = this as unknown as Waiting;
  if (state === undefined) throw new TypeError('writeHead was called on what is no response of ours');
  const { writeHead, change } = state;
  if (change === undefined) return writeHead.apply(this, call);
  const [status, ...rest] = call;
  state.change = undefined;
  if (rest.length === 0) {
    change.apply(this);
    return writeHead.call(this, status);
  }
  const [message, headers] = typeof rest[0] === 'string' ? rest : [undefined, ...rest];
  for (const [name, value] of pairs(headers as Headers | undefined)) this.setHeader(name, value);
  change.apply(this);
  return message === undefined ? writeHead.call(this, status) : writeHead.call(this, status, message);
}

function pairs(headers: Headers | undefined): ReadonlyArray<[string, OutgoingHttpHeader]> {
  if (headers === undefined || headers === null) return [];
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
