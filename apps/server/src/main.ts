import { CommandError } from './cli/commands/admin-client.ts';
import { exportAllCommand, importAllCommand } from './cli/commands/archive.ts';
import { checkCommand } from './cli/commands/check.ts';
import { explainCommand } from './cli/commands/explain.ts';
import { exportCommand } from './cli/commands/export.ts';
import { importCommand } from './cli/commands/import.ts';
import { diffCommand } from './cli/commands/revisions/diff.ts';
import { historyCommand } from './cli/commands/revisions/history.ts';
import { previewCommand } from './cli/commands/revisions/preview.ts';
import { undoCommand } from './cli/commands/revisions/undo.ts';
import { auditCommand } from './cli/commands/traffic/audit.ts';
import { lanesCommand } from './cli/commands/traffic/lanes.ts';
import { mapCommand } from './cli/commands/traffic/map.ts';
import { usageCommand } from './cli/commands/traffic/usage.ts';
import { setCommand } from './cli/commands/set.ts';
import { killCommand } from './cli/commands/kill.ts';
import { rolloutCommand } from './cli/commands/rollouts/rollout.ts';
import { tokenCommand } from './cli/token-command.ts';
import { verifyCommand } from './cli/commands/verify.ts';
import { serverVersion } from './clients/server-identity.ts';
import { helpOf } from './cli/help.ts';
import { ServerLog } from './logging/server-log.ts';
import { startTracing, type Tracing } from './observe/start-tracing.ts';
import { createServer, type RunningServer } from './compose/create-server.ts';
import type { Access } from './compose/open-access.ts';
import { readCommand, type Command } from './cli/read-command.ts';
import { UsageError } from './cli/read-options.ts';
import { originName, type ProcessSettings } from './cli/settings.ts';

/** The command line: the only place that reads the environment. */
export async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  let command: Command;
  try {
    command = readCommand(args, environment);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`graylane-server: ${error.message}\nSee graylane-server --help.`);
    process.exitCode = 2;
    return;
  }
  try {
    await run(command, environment);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(`graylane-server: ${error.message}`);
    process.exitCode = 1;
  }
}

async function run(command: Command, environment: NodeJS.ProcessEnv): Promise<void> {
  switch (command.name) {
    case 'help':
      process.stdout.write(helpOf(command.of));
      break;
    case 'version':
      console.log(await serverVersion());
      break;
    case 'check':
      process.exitCode = await checkCommand(command.file);
      break;
    case 'verify':
      process.exitCode = await verifyCommand(command);
      break;
    case 'export':
      await exportCommand(command);
      break;
    case 'import':
      await importCommand(command);
      break;
    case 'export-all':
      await exportAllCommand(command);
      break;
    case 'import-all':
      await importAllCommand(command);
      break;
    case 'history':
      await historyCommand(command);
      break;
    case 'audit':
      await auditCommand(command);
      break;
    case 'set':
      await setCommand(command);
      break;
    case 'preview':
      await previewCommand(command);
      break;
    case 'diff':
      await diffCommand(command);
      break;
    case 'undo':
      await undoCommand(command);
      break;
    case 'explain':
      await explainCommand(command);
      break;
    case 'rollout':
      process.exitCode = await rolloutCommand(command.options);
      break;
    case 'usage':
      await usageCommand(command);
      break;
    case 'lanes':
      await lanesCommand(command);
      break;
    case 'map':
      await mapCommand(command);
      break;
    case 'kill':
      process.exitCode = await killCommand(command);
      break;
    case 'token':
      await tokenCommand(command.options);
      break;
    case 'serve':
      await serve(command, environment);
  }
}

async function serve(settings: ProcessSettings, environment: NodeJS.ProcessEnv): Promise<void> {
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
