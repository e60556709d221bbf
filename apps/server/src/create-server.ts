import { createGrpcServer } from './grpc/grpc-server.ts';
import { HttpPort } from './http-port.ts';
import { createApp, createManagementApp } from './http/create-app.ts';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import { FileStore } from './store/file-store.ts';
import { singleEnvironment } from './store/single-environment.ts';
import { ChangeStream } from './stream/change-stream.ts';

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** Ends streams, finishes the requests under way, and closes; after 5 s it does not wait any longer. */
  close(): Promise<void>;
}

/**
 * Composes the flag server and listens on its three ports.
 * @throws {Error} where the flags can't be read or a port is taken; nothing is left running.
 */
export async function createServer(settings: Settings, log: Log): Promise<RunningServer> {
  const environments = singleEnvironment(await FileStore.open(settings.flags, log));
  const stream = new ChangeStream(environments);
  const readiness = { ready: false };
  const http = new HttpPort(createApp({ environments, stream, readiness, log }));
  const management = new HttpPort(createManagementApp({ environments, readiness, log }));
  const grpc = createGrpcServer(environments);

  const close = async (): Promise<void> => {
    readiness.ready = false;
    stream.close();
    await Promise.all([http.close(), management.close(), grpc.close()]);
    environments.close();
  };

  try {
    const port = await listen(http.server, {
      port: settings.port,
      flag: '--port',
      variable: 'GRAYLANE_PORT',
    });
    const grpcPort = await listen(grpc.server, {
      port: settings.grpcPort,
      flag: '--grpc-port',
      variable: 'GRAYLANE_GRPC_PORT',
    });
    const managementPort = await listen(management.server, {
      port: settings.managementPort,
      flag: '--management-port',
      variable: 'GRAYLANE_MANAGEMENT_PORT',
    });
    readiness.ready = true;
    return { port, grpcPort, managementPort, close };
  } catch (error) {
    await close();
    throw error;
  }
}
