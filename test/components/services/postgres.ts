import { execFile, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { freePort, Supervised } from '../../support/supervised.ts';
import type { Component } from '../components.ts';

/** The folder of PostgreSQL's programs, undefined if there are none. */
function binFolder(): string | undefined {
  const configured = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  // Debian has no links to them in the path.
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted().toReversed() : [];
  const folders = [configured ?? '', ...versions.map((version) => `${debian}/${version}/bin`)];
  return folders.find((folder) => existsSync(`${folder}/initdb`));
}

/** A PostgreSQL as sites have it. */
export const postgres: Component = {
  id: 'postgres',
  name: 'PostgreSQL',
  remedy: 'install PostgreSQL, e.g. apt-get install postgresql',
  available: () => binFolder() !== undefined,
};

/** A running PostgreSQL, for the processes of this machine. */
export interface Postgres {
  /** Where clients connect over its socket, to a database that is empty. */
  readonly url: string;
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly folder: string;
  /** Creates an empty database; returns its URL over TCP. */
  createDatabase(name: string, options?: string): Promise<string>;
  /** Runs SQL as the superuser; returns the rows as psql prints them, unaligned. */
  run(sql: string, database?: string): Promise<string>;
  /** Lets it accept TLS, with a certificate and its key in PEM. */
  useTls(certificate: string, key: string): Promise<void>;
  /** Stops it, as `pg_ctl stop` does; `immediate` is a crash. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it after a stop, on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** How a PostgreSQL is started. */
export interface PostgresOptions {
  /** A command that runs another one, e.g. in a mount namespace. Default: none. */
  readonly within?: readonly string[];
}

/**
 * Starts a PostgreSQL on a port and a socket of its own, in a temporary folder. It can't outlive
 * this process.
 */
export async function startPostgres({ within = [] }: PostgresOptions = {}): Promise<Postgres> {
  const bin = binFolder();
  if (bin === undefined) throw new Error('there is no PostgreSQL here');
  const folder = mkdtempSync(`${tmpdir()}/graylane-postgres-`);
  const data = ['-D', `${folder}/data`];
  const [command, ...as] = unprivileged(folder);
  const begin = [...as, `${bin}/initdb`, ...data, '--auth=trust', '--username=postgres', '--no-sync'];
  const { status, stderr } = spawnSync(command, [...begin, '--encoding=UTF8', '--locale=C'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`PostgreSQL can't begin a database: ${stderr}`);
  const port = await freePort();
  const listens = ['-k', folder, '-h', '127.0.0.1', '-p', String(port)];
  let server: Supervised;
  const start = async (): Promise<void> => {
    const [program, ...before] = [...within, command, ...as, `${bin}/postgres`];
    server = new Supervised(program ?? command, [...before, ...data, ...listens]);
    await server.said(/ready to accept connections/);
  };
  const run = async (sql: string, database = 'postgres'): Promise<string> => {
    const args = ['-h', folder, '-p', String(port), '-U', 'postgres', '-d', database, '-XAtq', '-c', sql];
    // All revisions of a long run are more than Node's default of 1 MiB.
    const output = await promisify(execFile)(`${bin}/psql`, args, { maxBuffer: 256 * 1024 * 1024 });
    return output.stdout.trim();
  };
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `postgres://postgres@/postgres?host=${folder}&port=${port}`,
    port,
    folder,
    run,
    createDatabase: async (name, options = '') => {
      await run(`create database ${name} ${options}`);
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    useTls: async (certificate, key) => {
      const owner = statSync(`${folder}/data`);
      for (const [name, pem] of [
        ['server.crt', certificate],
        ['server.key', key],
      ] as const) {
        writeFileSync(`${folder}/data/${name}`, pem, { mode: 0o600 });
        chownSync(`${folder}/data/${name}`, owner.uid, owner.gid);
      }
      await run('alter system set ssl = on');
      await run('select pg_reload_conf()');
    },
    stop: async (mode) => {
      await promisify(execFile)(command, [...as, `${bin}/pg_ctl`, 'stop', ...data, '-m', mode, '-w']);
      await server.close();
    },
    start,
    close,
  };
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
