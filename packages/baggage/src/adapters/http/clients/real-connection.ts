import { subscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** The host that undici connects to, as it hands it to its connector. */
interface ConnectParams {
  /** With the port, unless that is the protocol's own. */
  readonly host: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  /** The name that undici 8 gives a connection to an address, where an interceptor resolved it. */
  readonly servername?: string | null;
}

/** A socket of `node:net` or `node:tls`, or a stream of the application. */
interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly destroyed?: boolean;
  /** The name that Node has resolved for it; null if it was opened to an address. */
  readonly _host?: string | null;
  /** The socket below TLS, if the application or a proxy's agent has opened it. */
  readonly _parent?: object | null;
  readonly authorized?: boolean;
  getPeerCertificate?(): PeerCertificate;
  once(event: 'close', listener: () => void): unknown;
}

/** How many open connections may lead elsewhere, by the origin that undici opened them for. */
const astray = new Map<string, number>();
/** The `host:port` that a proxy has opened a tunnel to, by the socket that leads to the proxy. */
const tunnels = new WeakMap<object, string>();
let isWatching = false;

/**
 * Compares every connection of undici with the origin that it was opened for: a `connect` or
 * `socketPath` of the application can lead elsewhere, and shows only in the socket. To be called
 * before connections are opened.
 */
export function watchConnections(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = message as { request: { method: string; path: string }; socket: object };
    if (request.method === 'CONNECT') tunnels.set(socket, request.path);
  });
  subscribe('undici:client:connected', (message) => {
    const { connectParams, socket } = message as { connectParams: ConnectParams; socket: Connection };
    // An error thrown here would end the process.
    if (socket.destroyed === true || leadsToHost(connectParams, socket)) return;
    const origin = `${connectParams.protocol}//${connectParams.host}`;
    astray.set(origin, (astray.get(origin) ?? 0) + 1);
    socket.once('close', () => {
      const left = (astray.get(origin) ?? 1) - 1;
      if (left > 0) astray.set(origin, left);
      else astray.delete(origin);
    });
  });
}

/** Whether a connection is open for this origin that was not seen to lead there. */
export function mayLeadElsewhere(origin: string): boolean {
  return astray.size > 0 && astray.has(origin);
}

function leadsToHost(named: ConnectParams, socket: Connection): boolean {
  const port = named.port || (named.protocol === 'https:' ? '443' : '80');
  const tunnel = tunnels.get(socket) ?? (socket._parent ? tunnels.get(socket._parent) : undefined);
  if (tunnel !== undefined) return tunnel === (named.port ? named.host : `${named.host}:${port}`);
  if (isCertified(named.hostname, socket)) return true;
  // The peer of a TCP socket is unknown only once it has gone; a Unix socket has no address at all.
  if (socket.remoteAddress === undefined) return socket.localAddress !== undefined;
  if (socket.remotePort !== Number(port)) return false;
  const opened = socket._host?.toLowerCase();
  if (isIP(named.hostname) === 0) return opened === named.hostname.toLowerCase();
  const isNamed = !opened || opened === named.servername?.toLowerCase();
  return isNamed && isAddress(named.hostname, socket.remoteAddress);
}

/** Whether the peer has proved to be the host, so that the way to it does not matter. */
function isCertified(hostname: string, socket: Connection): boolean {
  if (socket.authorized !== true || socket.getPeerCertificate === undefined) return false;
  const certificate = socket.getPeerCertificate();
  // A resumed session may have none.
  return Object.keys(certificate).length > 0 && checkServerIdentity(hostname, certificate) === undefined;
}

const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Whether a connection to an address has reached it; the unspecified one leads to this machine. */
function isAddress(named: string, reached: string): boolean {
  return unspecified.has(named) || canonical(named) === canonical(reached);
}

/** One spelling of an address: without a zone, and an IPv4 address in IPv6 as IPv4. */
function canonical(address: string): string {
  const [plain = ''] = address.split('%');
  const ipv4 = /^::ffff:([\d.]+)$/i.exec(plain)?.[1];
  if (ipv4 !== undefined || isIP(plain) !== 6) return ipv4 ?? plain;
  return new URL(`http://[${plain}]`).hostname;
}
