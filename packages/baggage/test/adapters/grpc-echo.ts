import { getActiveLane } from '@graylane/baggage';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerInterceptor,
  type ServiceError,
} from '@grpc/grpc-js';
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';

/** Where a handler or one of its callbacks was, and in which lane: "data gray". */
type Sighting = string;

type Reply = (error: ServiceError | null, value?: readonly Sighting[]) => void;

interface EchoClient extends Client {
  unary(request: Sighting, metadata: Metadata, reply: Reply): ClientUnaryCall;
  unary(request: Sighting, metadata: Metadata, options: CallOptions, reply: Reply): ClientUnaryCall;
  upload(metadata: Metadata, reply: Reply): ClientWritableStream<Sighting>;
  download(request: Sighting, metadata: Metadata): ClientReadableStream<Sighting>;
  talk(metadata: Metadata): ClientDuplexStream<Sighting, Sighting>;
}

/** A client of the echo service; every method returns what the handler saw. */
export interface Echo {
  unary(metadata?: Metadata): Promise<readonly Sighting[]>;
  upload(metadata?: Metadata): Promise<readonly Sighting[]>;
  download(metadata?: Metadata): Promise<readonly Sighting[]>;
  talk(metadata?: Metadata): Promise<readonly Sighting[]>;
  /**
   * Gets more bytes than the connection takes at once; returns what the handler saw when it could
   * continue, without the load.
   */
  flooded(metadata?: Metadata): Promise<readonly Sighting[]>;
  /** Succeeds at the third attempt, if the channel retries. */
  retried(metadata?: Metadata): Promise<readonly Sighting[]>;
  /**
   * Fails in the callback of the response, as the metadata requests; returns the status code and
   * the lane of the callback.
   */
  failing(metadata?: Metadata): Promise<Sighting>;
  /**
   * Waits for a response that does not arrive in time; returns the status code and the lane of the
   * callback.
   */
  late(metadata?: Metadata): Promise<Sighting>;
  /** Starts a stream that the server never ends, and cancels it when the server has seen it. */
  cancelled(metadata?: Metadata): Promise<void>;
  close(): void;
}

/** The server of the echo service. */
export interface EchoServer {
  readonly port: number;
  /** The values of `baggage` in the metadata that handlers were given, call after call. */
  readonly received: Inbox<readonly string[]>;
  /**
   * The lane at the `cancelled` event of a call that the server would never have ended; the event
   * also occurs at the end of the other calls.
   */
  readonly cancelled: Inbox<string>;
  close(): void;
}

/**
 * Starts the echo service on a free port, or on a socket. A unary call does some work before it
 * responds.
 */
export async function serveEcho(
  interceptors: ServerInterceptor[],
  address = '127.0.0.1:0',
  work: () => Promise<unknown> = () => delay(1),
): Promise<EchoServer> {
  let attempts = 0;
  const received = inbox<readonly string[]>();
  const cancelled = inbox<string>();
  const server = new Server({ interceptors });
  const arrived = (call: { metadata: Metadata }): Sighting => {
    received.put(call.metadata.get('baggage').map(String));
    return `handler ${getActiveLane()}`;
  };
  server.addService(echo, {
    unary: ((call, reply) => {
      const seen = arrived(call);
      if (call.request === 'never') {
        call.on('cancelled', () => cancelled.put(getActiveLane()));
        return;
      }
      if (call.request === 'fail') return reply({ code: status.FAILED_PRECONDITION, details: seen });
      if (call.request === 'retry' && attempts++ % 3 < 2) return reply({ code: status.UNAVAILABLE });
      void work().then(() => reply(null, [seen, `later ${getActiveLane()}`]), reply);
    }) satisfies handleUnaryCall<Sighting, readonly Sighting[]>,
    upload: ((call, reply) => {
      const seen = [arrived(call)];
      call.on('data', () => seen.push(`data ${getActiveLane()}`));
      call.on('end', () => reply(null, [...seen, `end ${getActiveLane()}`]));
    }) satisfies handleClientStreamingCall<Sighting, readonly Sighting[]>,
    download: ((call) => {
      const seen = arrived(call);
      call.write(seen);
      if (call.request === 'flood') {
        const where = (event: string): void => {
          call.write(`${event} ${getActiveLane()}`);
          call.end();
        };
        call.once('drain', () => where('drain'));
        while (call.write('x'.repeat(100_000))) continue;
        return;
      }
      if (call.request === 'never end') {
        call.on('cancelled', () => cancelled.put(getActiveLane()));
        return;
      }
      void delay(1).then(() => {
        call.write(`later ${getActiveLane()}`);
        call.end();
      });
    }) satisfies handleServerStreamingCall<Sighting, Sighting>,
    talk: ((call) => {
      const seen = arrived(call);
      call.write(seen);
      call.on('data', () => call.write(`data ${getActiveLane()}`));
      call.on('end', () => {
        call.write(`end ${getActiveLane()}`);
        call.end();
      });
    }) satisfies handleBidiStreamingCall<Sighting, Sighting>,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, received, cancelled, close: () => server.forceShutdown() };
}

/** Connects to the echo service. */
export function connectEcho(
  target: string,
  interceptors: ClientOptions['interceptors'] = [],
  options: ClientOptions = {},
): Echo {
  const client = new EchoClient(target, credentials.createInsecure(), {
    ...options,
    interceptors,
  }) as unknown as EchoClient;
  return {
    unary: (metadata = new Metadata()) => answer((reply) => client.unary('go', metadata, reply)),
    upload: (metadata = new Metadata()) =>
      answer((reply) => {
        const stream = client.upload(metadata, reply);
        stream.write('1');
        stream.write('2');
        stream.end();
      }),
    download: async (metadata = new Metadata()) => client.download('go', metadata).toArray(),
    flooded: async (metadata = new Metadata()) => {
      const parts = (await client.download('flood', metadata).toArray()) as Sighting[];
      return parts.filter((part) => !part.startsWith('x'));
    },
    talk: async (metadata = new Metadata()) => {
      const stream = client.talk(metadata);
      stream.write('1');
      stream.write('2');
      stream.end();
      return stream.toArray();
    },
    failing: (metadata = new Metadata()) => failure((reply) => client.unary('fail', metadata, reply)),
    late: (metadata = new Metadata()) =>
      failure((reply) => client.unary('never', metadata, { deadline: Date.now() + 1000 }, reply)),
    retried: (metadata = new Metadata()) => answer((reply) => client.unary('retry', metadata, reply)),
    cancelled: async (metadata = new Metadata()) => {
      const stream = client.download('never end', metadata);
      stream.on('error', () => {});
      await new Promise((resolve) => stream.once('data', resolve));
      stream.cancel();
    },
    close: () => client.close(),
  };
}

/** A unary call without a gRPC client, whose metadata is not checked. */
export async function rawUnary(session: ClientHttp2Session, baggage: string | string[]): Promise<unknown> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/graylane.Echo/unary',
    'content-type': 'application/grpc',
    te: 'trailers',
    baggage,
  });
  const message = Buffer.from('"go"');
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  const bytes = Buffer.concat((await stream.toArray()) as Buffer[]);
  return JSON.parse(String(bytes.subarray(5)));
}

/** The callback's place is what a client's user sees: no promise restores it. */
function failure(call: (reply: Reply) => unknown): Promise<Sighting> {
  return new Promise((resolve) =>
    call((error) => resolve(`${status[error?.code ?? status.OK]} ${getActiveLane()}`)),
  );
}

function answer(call: (reply: Reply) => unknown): Promise<readonly Sighting[]> {
  return new Promise((resolve, reject) =>
    call((error, value) => (error ? reject(error) : resolve(value ?? []))),
  );
}

const json = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer): unknown => JSON.parse(String(bytes)),
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer): unknown => JSON.parse(String(bytes)),
};

function method(
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<unknown, unknown> {
  return { path: `/graylane.Echo/${path}`, requestStream, responseStream, ...json };
}

const echo = {
  unary: method('unary', false, false),
  upload: method('upload', true, false),
  download: method('download', false, true),
  talk: method('talk', true, true),
};

const EchoClient = makeGenericClientConstructor(echo, 'Echo');
