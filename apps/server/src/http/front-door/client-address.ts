import proxyAddr from 'proxy-addr';
import type { IncomingMessage } from 'node:http';
import type { AnyRequest } from './principal.ts';

/** The address of the client that sent a request; empty if its connection is gone. */
export type ClientAddress = (request: AnyRequest) => string;

/**
 * Reads `X-Forwarded-For` as far as trusted proxies have written it: the client is the nearest
 * address that is not one of theirs. Without proxies it is the peer of the connection.
 * @param trustedProxies addresses and CIDR ranges, or `loopback`, `linklocal`, `uniquelocal`.
 * @throws {RangeError} for anything else.
 */
export function clientAddress(trustedProxies: readonly string[] = []): ClientAddress {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const trusted = compile(trustedProxies);
  return (request) => {
    if (request.socket.remoteAddress === undefined) return '';
    return proxyAddr(request as IncomingMessage, trusted);
  };
}

function compile(proxies: readonly string[]): ReturnType<typeof proxyAddr.compile> {
  try {
    return proxyAddr.compile([...proxies]);
  } catch (error) {
    const given = proxies.map((one) => JSON.stringify(one)).join(', ');
    const remedy = 'use an address, a CIDR range like 10.0.0.0/8, or loopback, linklocal, uniquelocal';
    throw new RangeError(`${given} is not a proxy: ${remedy}`, { cause: error });
  }
}
