import type { AddressInfo, Server } from 'node:net';

/** The port to listen on, and how the user can change it. */
export interface ListenOptions {
  readonly port: number;
  /** The flag and the variable that set the port, e.g. `--port` and `GRAYLANE_PORT`. */
  readonly flag: string;
  readonly variable: string;
}

/**
 * Listens on loopback. Returns the port, which the system chooses for 0.
 * @throws {Error} if the port can't be used; the message names the port and the option.
 */
export async function listen(server: Server, { port, flag, variable }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = `free it, or choose another with ${flag} or ${variable}`;
      const known: Readonly<Record<string, string>> = {
        EADDRINUSE: `port ${port} is in use: ${remedy}`,
        EACCES: `port ${port} needs more rights than this process has: ${remedy}`,
      };
      reject(new Error(known[error.code ?? ''] ?? `port ${port}: ${error.message}`, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
