import { CommandError } from './cli/commands/admin-client.ts';
import { rolloutCommand } from './cli/commands/rollouts/rollout.ts';
import { tokenCommand } from './cli/token-command.ts';
import { serverVersion } from './clients/server-identity.ts';
import { helpOf } from './cli/help.ts';
import { readCommand, type Command } from './cli/read-command.ts';
import { UsageError } from './cli/read-options.ts';

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

/** Each command loads its own modules. */
async function run(command: Command, environment: NodeJS.ProcessEnv): Promise<void> {
  switch (command.name) {
    case 'help':
      process.stdout.write(helpOf(command.of));
      break;
    case 'version':
      console.log(await serverVersion());
      break;
    case 'check':
      process.exitCode = await (await import('./cli/commands/check.ts')).checkCommand(command.file);
      break;
    case 'verify':
      process.exitCode = await (await import('./cli/commands/verify.ts')).verifyCommand(command);
      break;
    case 'export':
      await (await import('./cli/commands/export.ts')).exportCommand(command);
      break;
    case 'import':
      await (await import('./cli/commands/import.ts')).importCommand(command);
      break;
    case 'export-all':
      await (await import('./cli/commands/archive.ts')).exportAllCommand(command);
      break;
    case 'import-all':
      await (await import('./cli/commands/archive.ts')).importAllCommand(command);
      break;
    case 'history':
      await (await import('./cli/commands/revisions/history.ts')).historyCommand(command);
      break;
    case 'audit':
      await (await import('./cli/commands/traffic/audit.ts')).auditCommand(command);
      break;
    case 'set':
      await (await import('./cli/commands/set.ts')).setCommand(command);
      break;
    case 'preview':
      await (await import('./cli/commands/revisions/preview.ts')).previewCommand(command);
      break;
    case 'diff':
      await (await import('./cli/commands/revisions/diff.ts')).diffCommand(command);
      break;
    case 'undo':
      await (await import('./cli/commands/revisions/undo.ts')).undoCommand(command);
      break;
    case 'explain':
      await (await import('./cli/commands/explain.ts')).explainCommand(command);
      break;
    case 'rollout':
      process.exitCode = await rolloutCommand(command.options);
      break;
    case 'usage':
      await (await import('./cli/commands/traffic/usage.ts')).usageCommand(command);
      break;
    case 'lanes':
      await (await import('./cli/commands/traffic/lanes.ts')).lanesCommand(command);
      break;
    case 'clients':
      await (await import('./cli/commands/traffic/clients.ts')).clientsCommand(command);
      break;
    case 'environments':
      await (await import('./cli/commands/traffic/environments.ts')).environmentsCommand(command);
      break;
    case 'map':
      await (await import('./cli/commands/traffic/map.ts')).mapCommand(command);
      break;
    case 'kill':
      process.exitCode = await (await import('./cli/commands/kill.ts')).killCommand(command);
      break;
    case 'token':
      await tokenCommand(command.options);
      break;
    case 'serve':
      await (await import('./serve.ts')).serve(command, environment);
  }
}
