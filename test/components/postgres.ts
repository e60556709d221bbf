import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Supervised } from '../support/supervised.ts';

/** A running PostgreSQL, for the processes of this machine. */
export interface Postgres {
  /** Where clients connect, to a database that is empty. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a PostgreSQL on a socket of its own, in a temporary folder. It can't outlive this process.
 */
export async function startPostgres(): Promise<Postgres> {
  const bin = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  if (!bin || !existsSync(`${bin}/initdb`)) throw new Error('there is no PostgreSQL here');
  const folder = mkdtempSync(`${tmpdir()}/graylane-postgres-`);
  const data = ['-D', `${folder}/data`];
  const [run, ...as] = unprivileged(folder);
  const begin = [...as, `${bin}/initdb`, ...data, '--auth=trust', '--username=postgres', '--no-sync'];
  const { status, stderr } = spawnSync(run, begin, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`PostgreSQL can't begin a database: ${stderr}`);
  const server = new Supervised(run, [...as, `${bin}/postgres`, ...data, '-k', folder, '-h', '']);
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await server.said(/ready to accept connections/);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `postgres://postgres@/postgres?host=${folder}`, close };
}

/**
 * A command that runs another one as a user who is not root, since PostgreSQL refuses to be; the
 * folder becomes that user's.
 */
function unprivileged(folder: string): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) return ['env'];
  const [uid, gid] = ['-u', '-g'].map((option) => Number(spawnSync('id', [option, 'postgres']).stdout));
  chownSync(folder, uid ?? Number.NaN, gid ?? Number.NaN);
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
}
