import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freePort, Supervised } from '../../support/supervised.ts';
import type { Component } from '../components.ts';

/** A pooler as sites have it before PostgreSQL. */
export const pgbouncer: Component = {
  id: 'pgbouncer',
  name: 'PgBouncer',
  remedy: 'install PgBouncer, e.g. apt-get install pgbouncer',
  available: () => spawnSync('pgbouncer', ['--version']).status === 0,
};

/** A running pooler. */
export interface Pooler {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts PgBouncer in transaction mode before a PostgreSQL on loopback: with two connections to it,
 * so that clients get another one for each transaction.
 */
export async function startPgbouncer(postgresPort: number): Promise<Pooler> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-pgbouncer-`);
  chmodSync(folder, 0o755);
  const port = await freePort();
  writeFileSync(`${folder}/users`, '"postgres" ""\n', { mode: 0o644 });
  writeFileSync(
    `${folder}/pgbouncer.ini`,
    `[databases]
* = host=127.0.0.1 port=${postgresPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users
pool_mode = transaction
default_pool_size = 2
`,
    { mode: 0o644 },
  );
  const isRoot = process.getuid?.() === 0;
  const as: readonly [string, ...string[]] = isRoot
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
    : ['env'];
  const [command, ...options] = as;
  const pooler = new Supervised(command, [...options, 'pgbouncer', `${folder}/pgbouncer.ini`]);
  const close = async (): Promise<void> => {
    await pooler.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await pooler.said(/process up/);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, close };
}
