import { status } from '@grpc/grpc-js';
import type { CallAttributes } from '../../call-listener.ts';

const address = /^grpc:\/\/\[?(.+?)\]?:(\d+)$/;

/** The attributes of a call of `/package.Service/Method`, to a destination where it is known. */
export function callAttributes(path: string, destination?: string): CallAttributes {
  const [, host, port] = address.exec(destination ?? '') ?? [];
  return {
    'rpc.system.name': 'grpc',
    'rpc.method': path.replace(/^\//, ''),
    ...(host !== undefined && { 'server.address': host, 'server.port': Number(port) }),
  };
}

/** The attributes of a call's end in the client, to which each status but OK is an error. */
export function clientEnd(code: status): CallAttributes {
  return ended(code, code !== status.OK);
}

/**
 * The statuses that are errors of the server. The others are the caller's, by the semantic
 * conventions for gRPC.
 */
const serverErrors: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** The attributes of a call's end in the server. */
export function serverEnd(code: status): CallAttributes {
  return ended(code, serverErrors.has(code));
}

function ended(code: status, isError: boolean): CallAttributes {
  // A peer may send any number.
  const name = status[code] ?? '_OTHER';
  return { 'rpc.response.status_code': name, ...(isError && { 'error.type': name }) };
}
