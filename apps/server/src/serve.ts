import { originName, type ProcessSettings } from './cli/settings.ts';
import { serverVersion } from './clients/server-identity.ts';
import { createServer, type RunningServer } from './compose/create-server.ts';
import type { Access } from './compose/open-access.ts';
import { ServerLog } from './logging/server-log.ts';
import { startTracing, type Tracing } from './observe/start-tracing.ts';

/** Runs a server until it is stopped, and reports to the parent process when it is ready. */
export async function serve(settings: ProcessSettings, environment: NodeJS.ProcessEnv): Promise<void> {
  const log = new ServerLog(settings.log);
  const tracing = await startTracing(environment, log);
  let server: RunningServer;
  try {
    server = await createServer(settings, log);
  } catch (error) {
    const { message } = error as Error;
    // A terminal shows the line that each command prints.
    if (log.format === 'json') log.error(message);
    else console.error(`graylane-server: ${message}`);
    await log.end();
    await tracing.shutdown();
    process.exitCode = 1;
    reportToParent({ failed: message });
    if (process.connected) process.disconnect();
    return;
  }
  const { source, host } = settings;
  const { port, grpcPort, managementPort, access } = server;
  log.info(
    `serving ${originName(source)} on ${host}: http ${port}, grpc ${grpcPort}, management ${managementPort}; ${accesses[access]}`,
    { version: await serverVersion(), pid: process.pid },
  );
  stopWith(server, tracing, log);
  reportToParent({ ready: port });
}

/** The clients that the server accepts, as the start message states them. */
const accesses: Readonly<Record<Access, string>> = {
  token: 'every request needs a token',
  loopback: 'no token exists, so every process of this machine may read and write',
  insecure: 'INSECURE: no token exists, so every machine that reaches it may read and write',
};

/** Reports to the parent process, if it forked this one: ready for requests, or failed. */
function reportToParent(report: { readonly ready: number } | { readonly failed: string }): void {
  process.send?.(report);
}

/**
 * Finishes the work under way on SIGTERM, Ctrl-C or the end of the parent process. A second Ctrl-C
 * ends at once.
 */
function stopWith(server: RunningServer, tracing: Tracing, log: ServerLog): void {
  let stopping = false;
  const stop = async (event: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info(event === 'disconnect' ? 'the parent process ended: shutting down' : `${event}: shutting down`);
    try {
      await server.close();
      await tracing.shutdown();
      log.info('stopped');
    } catch (error) {
      log.error(`could not shut down cleanly: ${String(error)}`);
      process.exitCode = 1;
    }
    await log.end();
    process.exit();
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const)
    process.once(event, () => void stop(event));
}
