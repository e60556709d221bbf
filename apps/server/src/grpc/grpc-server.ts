import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { FlagSyncService } from '../gen/flagd/sync/v1/sync_pb.ts';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';
import { syncService } from './sync-service.ts';

/** The gRPC port (h2c), and the way to end its streams. */
export interface GrpcServer {
  readonly server: Http2Server;
  /** Ends the calls that would go on for ever, tells clients to go away, and closes. */
  close(): Promise<void>;
}

const patienceMs = 5000;

/** Serves flagd's gRPC protocols. */
export function createGrpcServer(environments: Environments): GrpcServer {
  const store = storeOf(environments, defaultEnvironment);
  const stopping = new AbortController();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(FlagSyncService, syncService(store)),
      shutdownSignal: stopping.signal,
      connect: false,
      grpcWeb: false,
    }),
  );
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return {
    server,
    close: async () => {
      stopping.abort();
      for (const session of sessions) session.close();
      const impatient = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, patienceMs);
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      clearTimeout(impatient);
    },
  };
}
