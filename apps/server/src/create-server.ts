import { Descriptors } from './http/descriptors.ts';
import { createGrpcServer } from './protocols/flagd/server.ts';
import { HttpPort } from './http/port.ts';
import { createApp, createManagementApp } from './create-app.ts';
import { listen } from './http/listen.ts';
import type { Log } from './log.ts';
import { openEnvironments } from './store/open-environments.ts';
import type { Settings } from './cli/settings.ts';
import { ChangeStream } from './protocols/stream/change-stream.ts';
import { EventStreams } from './sse/event-streams.ts';
import { RefetchStream } from './protocols/ofrep/refetch-stream.ts';

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
  const environments = await openEnvironments(settings, log);
  const streams = new EventStreams();
  const stream = new ChangeStream(environments, streams);
  const refetches = new RefetchStream(environments, streams);
  const descriptors = new Descriptors(log);
  const readiness = { ready: false };
  const shared = { environments, descriptors, readiness, settings, log };
  const http = new HttpPort(createApp({ ...shared, stream, refetches }));
  const management = new HttpPort(createManagementApp(shared));
  const grpc = createGrpcServer(environments);
  for (const { server } of [http, grpc]) descriptors.watch(server);

  const close = async (): Promise<void> => {
    readiness.ready = false;
    stream.close();
    refetches.close();
    streams.close();
    await Promise.all([http.close(), management.close(), grpc.close()]);
    await environments.close();
  };

  try {
    await stream.recall();
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
