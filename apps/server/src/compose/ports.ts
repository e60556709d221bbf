import type { Settings } from '../cli/settings.ts';
import type { HttpPort } from '../http/port/http-port.ts';
import { listen } from '../http/port/listen.ts';
import { openManagementPort, type ManagementPortOptions } from '../observe/management-port.ts';
import type { GrpcPort } from '../protocols/flagd/port.ts';

/** The numbers of the ports on which a server listens. */
export interface PortNumbers {
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
}

/** The servers behind the ports. */
export interface PortParts extends Omit<ManagementPortOptions, 'host' | 'port'> {
  readonly http: HttpPort;
  readonly grpc: GrpcPort;
}

/** The three ports of a server. */
export class Ports {
  readonly #open: Array<{ close(): Promise<void> }> = [];

  /**
   * Listens on all of them.
   * @throws {Error} that names the port, and how to choose another, if one can't be used.
   */
  async open(settings: Settings, parts: PortParts): Promise<PortNumbers> {
    const { host = '127.0.0.1', port, grpcPort, managementPort } = settings;
    const { http, grpc, descriptors } = parts;
    this.#open.push(http, grpc);
    descriptors.watch(http.server);
    descriptors.watch(grpc.server, { share: 0.5 });
    const numbers = {
      port: await listen(http.server, { host, port, flag: '--port', variable: 'GRAYLANE_PORT' }),
      grpcPort: await listen(grpc.server, {
        host,
        port: grpcPort,
        flag: '--grpc-port',
        variable: 'GRAYLANE_GRPC_PORT',
      }),
    };
    const management = await openManagementPort({ ...parts, host, port: managementPort });
    this.#open.push(management);
    return { ...numbers, managementPort: management.port };
  }

  /** Finishes the requests under way; waits at most 5 s for clients. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map(async (port) => port.close()));
  }
}
