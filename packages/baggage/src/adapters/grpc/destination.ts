const target = /^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?([^/,]+)$/;
const hostPort = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/;
const defaultPort = '443';

/**
 * What egress policies call a channel's target: `grpc://host:port`, 443 where it names no port.
 * None for targets that don't name one host: sockets, registries, lists of addresses.
 */
export function grpcDestination(channelTarget: string): string | undefined {
  const [, address = ''] = target.exec(channelTarget) ?? [];
  const [, ipv6, host = ipv6 && `[${ipv6}]`, port = defaultPort] = hostPort.exec(address) ?? [];
  return host && `grpc://${host}:${port}`;
}
