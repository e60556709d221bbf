import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];

type WriteHead = (
  this: ServerResponse,
  status: number,
  message?: string | Headers | null,
  headers?: Headers | null,
) => ServerResponse;

/**
 * Calls `change` right before the head of a response is written, once all headers of the
 * application are set, also those that it passes to `writeHead`. `owner` is the response, or a
 * prototype shared by many. `change` receives the result of `take`, and is not called if that is
 * undefined.
 */
export function beforeHeaders<Taken>(
  owner: ServerResponse,
  take: (response: ServerResponse) => Taken | undefined,
  change: (response: ServerResponse, taken: Taken) => void,
): void {
  const own = owner as { writeHead: WriteHead };
  const { writeHead } = own;
  own.writeHead = function (status, message, headers) {
    const taken = take(this);
    // As in Node: the second argument is the headers only if it is not a message, and there is no
    // third one.
    const given = typeof message === 'string' ? headers : (headers ?? message);
    if (taken === undefined || !setAll(this, given)) return writeHead.call(this, status, message, headers);
    change(this, taken);
    return typeof message === 'string' ? writeHead.call(this, status, message) : writeHead.call(this, status);
  };
}

/**
 * Sets headers as `writeHead` does. @returns false, and sets nothing, for an array that Node
 * refuses.
 */
function setAll(response: ServerResponse, given: string | Headers | null | undefined): boolean {
  if (!isArray(given)) {
    if (given) for (const [name, value] of Object.entries(given)) if (name) setOne(response, name, value);
    return true;
  }
  const flat: readonly unknown[] = Array.isArray(given[0]) ? given.flat(1) : given;
  if (flat.length % 2 !== 0) return false;
  const names = flat.filter((_part, index) => index % 2 === 0).map(String);
  // The names of an array replace what was set before; those that it repeats are sent as often.
  for (const name of names) response.removeHeader(name);
  for (const [index, name] of names.entries()) {
    if (name) append(response, name, flat[2 * index + 1] as OutgoingHttpHeader);
  }
  return true;
}

/**
 * Several values of one name, in the order of the array. HTTP/2 responses have no `appendHeader`
 * before Node 20.12.
 */
function append(response: ServerResponse, name: string, value: OutgoingHttpHeader): void {
  const before = response.getHeader(name);
  setOne(response, name, before === undefined ? value : [before, value].flat().map(String));
}

function setOne(response: ServerResponse, name: string, value: OutgoingHttpHeader | undefined): void {
  // Node refuses an undefined value, with the error that a caller expects.
  response.setHeader(name, value as OutgoingHttpHeader);
}

function isArray(given: string | Headers | null | undefined): given is readonly OutgoingHttpHeader[] {
  return Array.isArray(given);
}
