import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkOptions } from '../check-options.ts';
import { watchForCrash, type CrashOptions } from '../crash/watch-for-crash.ts';
import { shareMemoryTimeline } from '../memory/memory-timeline.ts';
import { shareHeapSampler } from '../profiles/heap-sampler.ts';
import type { SnapshotLimits } from '../profiles/heap-snapshot.ts';
import { shareRuntimeReadings } from '../readings/runtime.ts';
import { Access, type TokenCheck } from './access.ts';
import { Dispatcher } from './dispatcher.ts';
import { readingRoutes, type ReadingOptions } from './readings.ts';
import { send, text } from './reply.ts';
import type { Routes } from './route.ts';

/** The options of the management port. */
export interface ManagementOptions extends ReadingOptions {
  /** Default: 9464. 0 takes a free one. */
  readonly port?: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /**
   * Who may see diagnostics where the address is not loopback: a token of at least 16 characters,
   * or a check. Default: no peer.
   */
  readonly token?: string | TokenCheck;
  /**
   * Whether diagnostics need the token on loopback, too; called for each request. Default: never.
   */
  readonly tokenOnLoopback?: () => boolean;
  /**
   * Whether allocations are sampled all the time, which `/debug/pprof/heap` and `/allocs` need.
   * Default: true.
   */
  readonly heapSampling?: boolean;
  /** Whether the memory of the last ten minutes is kept. Default: true. */
  readonly memoryTimeline?: boolean;
  /**
   * Where files go before a crash; false writes none. Default: a folder of this user among the
   * temporary files.
   */
  readonly crash?: CrashOptions | false;
  /** When heap snapshots are refused. */
  readonly snapshot?: SnapshotLimits;
  /**
   * The file `routes.json` of the contract that `graylane-slis --out` writes, for `/debug/slis`:
   * `@sli` tags are only in the source. Default: none, so tagged routes are listed as uncovered.
   */
  readonly slis?: string;
  /** Logs the few messages that an operator must see. Default: `console.error`. */
  readonly log?: (line: string) => void;
  /** Called if the port can't be opened. Default: logs the reason and the remedy. */
  readonly onUnavailable?: (error: NodeJS.ErrnoException) => void;
}

/** A management port that is opening, open or closed. */
export interface ManagementServer {
  /** The URL once the port is open; undefined if it could not be opened. Never rejects. */
  readonly listening: Promise<string | undefined>;
  close(): Promise<void>;
}

const optionNames = [
  'port',
  'host',
  'token',
  'tokenOnLoopback',
  'health',
  'ready',
  'metrics',
  'registry',
  'revision',
  'heapSampling',
  'memoryTimeline',
  'crash',
  'snapshot',
  'slis',
  'log',
  'onUnavailable',
];
const servers = new WeakSet<object>();

/**
 * Opens the management port: readings for every peer that can connect, diagnostics for loopback or
 * a token. It does not keep the process alive. A port that is in use is logged, and the application
 * runs on without it.
 * @throws {TypeError} if an option does not exist or the token is too short.
 */
export function managementServer(options: ManagementOptions = {}): ManagementServer {
  checkOptions('managementServer', options, optionNames);
  const { port = 9464, host = '127.0.0.1', log = logLine } = options;
  const access = new Access(options.token, options.tokenOnLoopback);
  const runtime = shareRuntimeReadings();
  const timeline = options.memoryTimeline === false ? undefined : shareMemoryTimeline();
  const sampler = options.heapSampling === false ? undefined : shareHeapSampler();
  const endCrashWatch =
    options.crash === false
      ? undefined
      : watchForCrash(options.crash ?? {}, timeline?.value, sampler?.value, log);
  const parts = {
    timeline: timeline?.value,
    sampler: sampler?.value,
    snapshot: options.snapshot ?? {},
    slis: options.slis,
  };
  const diagnostics = async (): Promise<Routes> => (await import('./diagnostics.ts')).diagnosticRoutes(parts);
  const server = serve(new Dispatcher(readingRoutes(options), diagnostics, access));
  const reportUnavailable = (error: NodeJS.ErrnoException): void =>
    log(`the management port ${host}:${port} could not be opened: ${remedyFor(error)}`);
  const listening = listen(server, port, host, options.onUnavailable ?? reportUnavailable);
  return {
    listening,
    close: async () => {
      await listening;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      endCrashWatch?.();
      for (const use of [runtime, timeline, sampler]) use?.release();
    },
  };
}

/**
 * Whether a request arrived on a management port, so that instrumentation can leave it out of the
 * service's own metrics.
 */
export function isManagementRequest({ socket }: IncomingMessage): boolean {
  const { server } = socket as { server?: object };
  return server !== undefined && servers.has(server);
}

function serve(dispatcher: Dispatcher): Server {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 5000 },
    (request, response) => {
      request.resume();
      const { address = '' } = (server.address() ?? {}) as Partial<AddressInfo>;
      dispatcher
        .handle(request, response, address)
        .catch((error: unknown) => send(response, text(String(error), 500), true));
    },
  );
  server.maxConnections = 64;
  servers.add(server);
  return server;
}

async function listen(
  server: Server,
  port: number,
  host: string,
  onUnavailable: (error: NodeJS.ErrnoException) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      onUnavailable(error);
      resolve(undefined);
    });
    server.listen(port, host, () => {
      const { address, family, port: actual } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`);
    });
    server.unref();
  });
}

function remedyFor({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') {
    return 'another process uses it. Set GRAYLANE_MANAGEMENT_PORT, e.g. to 9465. The application runs on without it';
  }
  return `${message}. Set GRAYLANE_MANAGEMENT_HOST and GRAYLANE_MANAGEMENT_PORT. The application runs on without it`;
}

function logLine(line: string): void {
  console.error(`graylane: ${line}`);
}
