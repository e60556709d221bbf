import type { AddressInfo, Server } from 'node:net';

/** Where to listen, and how the user can change that. */
export interface ListenOptions {
  readonly port: number;
  /** The flag and the variable that set the port, e.g. `--port` and `GRAYLANE_PORT`. */
  readonly flag: string;
  readonly variable: string;
}

/**
 * Listens on loopback and answers the port, which the system chooses where 0 was asked for.
 * @throws {Error} that names the port and what changes it, where it is in use.
 */
export async function listen(server: Server, { port, flag, variable }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = `free it, or choose another with ${flag} or ${variable}`;
      const known: Readonly<Record<string, string>> = {
        EADDRINUSE: `port ${port} is in use: ${remedy}`,
        EACCES: `port ${port} is not ours to use: ${remedy}`,
      };
      reject(new Error(known[error.code ?? ''] ?? `port ${port}: ${error.message}`, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
