import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Service as ServiceV1 } from './gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as ServiceV2 } from './gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from './gen/flagd/sync/v1/sync_pb.ts';
import type { Environments } from '../../store/environments.ts';
import { evaluationServiceV1, evaluationServiceV2 } from './evaluation-service.ts';
import { LongCalls } from './long-calls.ts';
import { syncService } from './sync-service.ts';

/** The gRPC port (h2c), and the way to end its streams. */
export interface GrpcServer {
  readonly server: Http2Server;
  /** Ends the calls that would go on for ever, tells clients to go away, and closes. */
  close(): Promise<void>;
}

const patienceMs = 5000;

/** The largest request: a key and an evaluation context. Its depth is bounded by the decoder, to 100 messages. */
const maxRequestBytes = 1_048_576;

/** Serves flagd's gRPC protocols. Clients may ping as often as they like, with a call open or without. */
export function createGrpcServer(environments: Environments): GrpcServer {
  const calls = new LongCalls(environments);
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(FlagSyncService, syncService(environments, calls));
        router.service(ServiceV1, evaluationServiceV1(environments, calls));
        router.service(ServiceV2, evaluationServiceV2(environments, calls));
      },
      readMaxBytes: maxRequestBytes,
      connect: false,
      grpcWeb: false,
    }),
  );
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    // A client that breaks the protocol loses its own session; nobody else is to notice.
    session.on('error', () => session.destroy());
  });
  return {
    server,
    close: async () => {
      calls.close();
      for (const session of sessions) session.close();
      const impatient = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, patienceMs);
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      clearTimeout(impatient);
    },
  };
}
