import { createServer as createHttp2Server } from 'node:http2';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { AnyResponse, SlowReaders } from '../../backpressure/slow-readers.ts';
import type { Clients } from '../../clients/clients.ts';
import type { FrontDoor } from '../../http/front-door/front-door.ts';
import type { AnyRequest } from '../../http/front-door/principal.ts';
import type { Certificate } from '../../http/port/certificate.ts';
import { HttpPort } from '../../http/port/http-port.ts';
import { serveHttp2 } from '../../http/port/http2.ts';
import { Http2Sessions } from '../../http/port/http2-sessions.ts';
import { lazyListener } from '../../http/port/lazy-listener.ts';
import { sendProblem } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';
import type { ServerMetrics } from '../../metrics/server-metrics.ts';
import type { Environments } from '../../store/environments.ts';
import type { LongCalls } from './long-calls.ts';

/** The parts of the gRPC port. */
export interface GrpcPortOptions {
  readonly environments: Environments;
  readonly clients: Clients;
  readonly door: FrontDoor;
  readonly readers: SlowReaders;
  readonly metrics: ServerMetrics;
  /** Default: no TLS. */
  readonly certificate?: Certificate | undefined;
  readonly log: Log;
}

/** The gRPC port, and the way to end its streams. */
export interface GrpcPort {
  readonly server: Server;
  /** Ends the open calls, sends GOAWAY to clients, and closes; waits at most 5 s for clients. */
  close(): Promise<void>;
}

/**
 * The calls that one connection may have open; clients queue further ones, or open a connection.
 */
const maxConcurrentStreams = 250;

/**
 * flagd's protocols: gRPC over h2c, Connect and gRPC-Web over h2c and HTTP/1.1, on one port that
 * looks at the first bytes of each connection. Clients may ping at any time. Connect and Protobuf,
 * a third of the server's code, load with the first call.
 */
export function createGrpcPort(options: GrpcPortOptions): GrpcPort {
  const { environments, clients, door, readers, certificate, metrics, log } = options;
  let calls: LongCalls | undefined;
  let isClosed = false;
  const listener = lazyListener<[AnyRequest, AnyResponse]>(
    async () => {
      const [{ flagdRoutes }, { LongCalls: Calls }] = await Promise.all([
        import('./routes.ts'),
        import('./long-calls.ts'),
      ]);
      calls = new Calls({ environments, clients, tokens: door.tokens, metrics: metrics.streams });
      if (isClosed) calls.close();
      return flagdRoutes({ environments, door, calls, readers, metrics, log });
    },
    (error, _request, response) => sendProblem(error, response as ServerResponse, log),
  );
  const http1 = new HttpPort(listener, { certificate, protocols: ['h2', 'http/1.1'] });
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams } }, listener);
  const sessions = new Http2Sessions(http2);
  serveHttp2(http1.server, http2);
  return {
    server: http1.server,
    close: async () => {
      isClosed = true;
      calls?.close();
      await Promise.all([http1.close(), sessions.close()]);
    },
  };
}
