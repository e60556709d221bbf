import { SlowReaders } from './backpressure/slow-readers.ts';
import type { Settings } from './cli/settings.ts';
import { createApp, createManagementApp } from './create-app.ts';
import { FrontDoor } from './http/front-door/front-door.ts';
import { Guard } from './http/front-door/guard.ts';
import { RateLimit } from './http/front-door/rate-limit.ts';
import { Descriptors } from './http/port/descriptors.ts';
import { HttpPort } from './http/port/http-port.ts';
import { listen } from './http/port/listen.ts';
import type { Log } from './log.ts';
import { createGrpcPort } from './protocols/flagd/port.ts';
import { RefetchStream } from './protocols/ofrep/refetch-stream.ts';
import { ChangeStream } from './protocols/stream/change-stream.ts';
import { EventStreams } from './sse/event-streams.ts';
import { FileWatcher } from './store/file/file-watcher.ts';
import { openEnvironments } from './open-environments.ts';
import { openTokens } from './open-tokens.ts';

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** Ends streams, finishes the requests under way, and closes; waits at most 5 s for clients. */
  close(): Promise<void>;
}

/**
 * Composes the flag server and listens on its three ports.
 * @throws {Error} if the flags can't be read or a port is taken; then nothing is left running.
 */
export async function createServer(settings: Settings, log: Log): Promise<RunningServer> {
  const descriptors = new Descriptors(log);
  const guard = new Guard(settings, log);
  const watcher = new FileWatcher();
  const rateLimit = new RateLimit(settings);
  const tokens = await openTokens(settings, watcher, log);
  const door = new FrontDoor({ guard, descriptors, rateLimit, tokens });
  const environments = await openEnvironments(settings, log).catch((error: unknown) => {
    tokens.close();
    throw error;
  });
  const streams = new EventStreams(tokens);
  const stream = new ChangeStream(environments, streams);
  const refetches = new RefetchStream(environments, streams);
  const readiness = { ready: false };
  const readers = new SlowReaders();
  const shared = { environments, door, readiness, readers, log };
  const http = new HttpPort(createApp({ ...shared, stream, refetches }));
  const management = new HttpPort(createManagementApp(shared));
  const grpc = createGrpcPort(shared);
  descriptors.watch(http.server);
  descriptors.watch(grpc.server, { share: 0.5 });

  const close = async (): Promise<void> => {
    readiness.ready = false;
    stream.close();
    refetches.close();
    streams.close();
    await Promise.all([http.close(), management.close(), grpc.close()]);
    readers.close();
    tokens.close();
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
