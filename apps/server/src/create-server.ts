import { createServer as createHttpServer, type Server } from 'node:http';
import { createGrpcServer } from './grpc/grpc-server.ts';
import { createApp, createManagementApp } from './http/create-app.ts';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import { FileStore } from './store/file-store.ts';
import { ChangeStream } from './stream/change-stream.ts';

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** Ends streams, finishes the requests under way, and closes; after 5 s it does not wait any longer. */
  close(): Promise<void>;
}

const patienceMs = 5000;

/**
 * Composes the flag server and listens on its three ports.
 * @throws {Error} where the flags can't be read or a port is taken; nothing is left running.
 */
export async function createServer(settings: Settings, log: Log): Promise<RunningServer> {
  const store = await FileStore.open(settings.flags, log);
  const stream = new ChangeStream(store);
  const readiness = { ready: false };
  const http = createHttpServer(createApp({ store, stream, readiness, log }));
  const management = createHttpServer(createManagementApp({ store, readiness, log }));
  const grpc = createGrpcServer(store);

  const close = async (): Promise<void> => {
    readiness.ready = false;
    stream.close();
    await Promise.all([closeHttp(http), closeHttp(management), grpc.close()]);
    store.close();
  };

  try {
    const port = await listen(http, { port: settings.port, flag: '--port', variable: 'GRAYLANE_PORT' });
    const grpcPort = await listen(grpc.server, {
      port: settings.grpcPort,
      flag: '--grpc-port',
      variable: 'GRAYLANE_GRPC_PORT',
    });
    const managementPort = await listen(management, {
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

async function closeHttp(server: Server): Promise<void> {
  if (!server.listening) return;
  const impatient = setTimeout(() => server.closeAllConnections(), patienceMs);
  server.closeIdleConnections();
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(impatient);
}
