import type { AddressInfo, Server } from 'node:net';

/** The address and port to listen on, and how the user can change it. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The flag and the variable that set the port, e.g. `--port` and `GRAYLANE_PORT`. */
  readonly flag: string;
  readonly variable: string;
}

/**
 * Listens. Returns the port, which the system chooses for 0.
 * @throws {Error} if the port can't be used; the message names the port and the option.
 */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** The error of a port that can't be used: it names the port, and the remedy. */
export function listenError(
  error: NodeJS.ErrnoException,
  { host, port, flag, variable }: ListenOptions,
): Error {
  const remedy = `free it, or choose another with ${flag} or ${variable}`;
  const addresses =
    'use 0.0.0.0 or :: for all addresses, or one of this machine, with --host or GRAYLANE_HOST';
  const known: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use: ${remedy}`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: ${addresses}`,
    ENOTFOUND: `there is no host ${host}: ${addresses}`,
    EACCES: `port ${port} needs more rights than this process has: ${remedy}`,
  };
  return new Error(known[error.code ?? ''] ?? `port ${port}: ${error.message}`, { cause: error });
}
