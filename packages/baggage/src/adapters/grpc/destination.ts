const target = /^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?([^/,]+)$/;
const hostPort = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/;
const defaultPort = '443';

/**
 * The destination of a channel's target in egress policies: `grpc://host:port`, with port 443 if
 * the target has no port. Undefined for targets that don't name one host: sockets, registries,
 * lists of addresses.
 */
export function grpcDestination(channelTarget: string): string | undefined {
  const [, address = ''] = target.exec(channelTarget) ?? [];
  const [, ipv6, host = ipv6 && `[${ipv6}]`, port = defaultPort] = hostPort.exec(address) ?? [];
  return host && `grpc://${host}:${port}`;
}
