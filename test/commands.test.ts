import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from './components/components.ts';
import { startPostgres, type Postgres } from './components/services/postgres.ts';
import { CommandRunner } from './support/examples/command-runner.ts';
import { commandPages, flags, type CommandPage } from './support/examples/command-pages.ts';
import { commandsOf, isListed } from './support/examples/documented-commands.ts';
import { codeBlocks } from './support/markdown.ts';
import { ServerProcess } from './support/server-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const page of commandPages) {
  if (page.component === undefined) describe(page.page, () => follow(page));
  else await describeWith(page.component, page.page, () => follow(page));
}

/** Runs the commands of a page in a folder of their own. */
function follow(page: CommandPage): void {
  const outputs: (readonly [command: string, output: string])[] = [];
  let folder = '';
  let server: ServerProcess | undefined;
  let database: Postgres | undefined;
  let runner: CommandRunner | undefined;

  beforeAll(async () => {
    mkdirSync(`${root}.graylane`, { recursive: true });
    folder = mkdtempSync(`${root}.graylane/commands-`);
    writeFiles(folder, page);
    server = await startServer(folder, page);
    database = page.component === undefined ? undefined : await startDatabase();
    runner = new CommandRunner({
      folder,
      env: { ...(server && { GRAYLANE_URL: server.url }), ...(database && environmentOf(database)) },
      freeData: async () => server?.stop('SIGTERM'),
      replaced: [...(page.replaced ?? []), ...addresses(server, database)],
    });
  }, 120_000);

  afterAll(async () => {
    await runner?.close();
    await server?.close();
    await database?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('its commands succeed', { timeout: 300_000 }, async () => {
    for (const command of commandsOf(page.page)) {
      if (isListed(page.page, command)) continue;
      outputs.push([command.words.join(' '), (await runner?.run(command)) ?? '']);
    }
    expect(outputs.length).toBeGreaterThan(0);
  });

  test.each(page.prints ?? [])('%s prints what the page promises', (command, output) => {
    const found =
      outputs.find(([words]) => words.endsWith(command)) ??
      outputs.find(([words]) => words.includes(command));
    expect(found?.[1]).toMatch(output);
  });
}

/** The files that the page shows with a name, and those of its surroundings. */
function writeFiles(folder: string, { page, files = {} }: CommandPage): void {
  const shown = codeBlocks(page).flatMap(({ info, code }) => {
    const name = /\[(.+)\]/.exec(info)?.[1];
    return name === undefined ? [] : [[name, code] as const];
  });
  for (const [name, content] of [...Object.entries(files), ...shown]) {
    mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
    writeFileSync(`${folder}/${name}`, content);
  }
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  copyFileSync(`${root}packages/source/test/fixtures/server.pem`, `${folder}/tls.pem`);
  copyFileSync(`${root}packages/source/test/fixtures/server-key.pem`, `${folder}/tls-key.pem`);
}

async function startServer(folder: string, page: CommandPage): Promise<ServerProcess | undefined> {
  const { server = 'file' } = page;
  if (server === 'none') return undefined;
  if (server === 'file') return ServerProcess.start(flags);
  const process = await ServerProcess.startOn(`${folder}/data`);
  for (const name of ['default', 'production']) {
    const write = await fetch(`${process.url}/api/v1/environments/${name}`, {
      method: 'PUT',
      headers: {
        [name === 'default' ? 'if-match' : 'if-none-match']: '*',
        'content-type': 'application/json',
      },
      body: JSON.stringify(flags),
    });
    expect(write.ok, await write.text()).toBe(true);
  }
  return process;
}

async function startDatabase(): Promise<Postgres> {
  const database = await startPostgres();
  await database.run('create role graylane superuser login');
  await database.createDatabase('moved');
  return database;
}

function environmentOf({ folder, port }: Postgres): Record<string, string> {
  return { PGHOST: folder, PGPORT: String(port), PGUSER: 'graylane' };
}

/** The addresses that the pages name, and what is there in the test. */
function addresses(
  server: ServerProcess | undefined,
  database: Postgres | undefined,
): (readonly [written: string, real: string])[] {
  return [
    ['0.0.0.0', '127.0.0.1'],
    ...(server === undefined
      ? []
      : ([
          ['localhost:8080', `127.0.0.1:${server.port}`],
          ['localhost:8015', `127.0.0.1:${server.grpcPort}`],
          ['http://flags:8080', server.url],
          ['https://flags.example.com', server.url],
        ] as const)),
    ...(database === undefined
      ? []
      : ([
          [':secret@db.example:5432/graylane', `@127.0.0.1:${database.port}/graylane`],
          ['db.example:5432/graylane', `127.0.0.1:${database.port}/moved`],
          ['pgbouncer:6432/graylane', `127.0.0.1:${database.port}/moved`],
        ] as const)),
  ];
}
