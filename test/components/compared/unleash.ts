import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort, Supervised } from '../../support/supervised.ts';
import { startPostgres } from '../services/postgres.ts';
import { eventually } from '../../support/shop.ts';

const script = fileURLToPath(new URL('../install/unleash.sh', import.meta.url));
const installed = fileURLToPath(
  new URL('../../../.graylane/unleash/node_modules/unleash-server', import.meta.url),
);
const [adminToken, token] = ['*:*.admin', '*:development.frontend'];

/** It begins with some hundred migrations of its database. */
const startMs = 120_000;

/** A flag that is on for everybody in a lane, and for some of the others. */
export interface UnleashFlag {
  readonly name: string;
  readonly lane: string;
  readonly percent: number;
}

/** A running Unleash: another flag server, which many companies use. */
export interface Unleash {
  readonly version: string;
  readonly url: string;
  /** The request of a client. */
  readonly authorization: string;
  close(): Promise<void>;
}

/**
 * Starts Unleash with these flags, over a PostgreSQL of its own; installs both where they are not
 * here.
 * @throws {Error} where they are not to be had.
 */
export async function startUnleash(flags: readonly UnleashFlag[]): Promise<Unleash> {
  const { status } = spawnSync('bash', [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error('it could not be installed');
  const { version } = JSON.parse(readFileSync(`${installed}/package.json`, 'utf8')) as { version: string };
  const postgres = await startPostgres();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = new Supervised('env', [
    ...settings({ port, database: postgres.url }),
    process.execPath,
    `${installed}/dist/server.js`,
  ]);
  const close = async (): Promise<void> => {
    await server.close();
    await postgres.close();
  };
  try {
    await eventually(async () => {
      const answer = await fetch(`${url}/health`).catch(() => undefined);
      if (!answer?.ok) throw new Error(`it did not start within ${startMs} ms`);
    }, startMs);
    for (const flag of flags) await create(`${url}/api/admin/projects/default/features`, flag);
    await eventually(async () => {
      const answer = await fetch(`${url}/api/frontend?properties[lane]=${flags[0]?.lane}`, {
        headers: { authorization: token },
      });
      const { toggles } = (await answer.json()) as { toggles: object[] };
      if (toggles.length < flags.length) throw new Error(`Unleash has ${toggles.length} flags so far`);
    });
    return { version, url, authorization: token, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** It is to keep to itself: no questions about newer versions, no reports of its use. */
function settings({
  port,
  database,
}: {
  readonly port: number;
  readonly database: string;
}): readonly string[] {
  return Object.entries({
    NODE_ENV: 'production',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(port),
    DATABASE_URL: database,
    DATABASE_SSL: 'false',
    INIT_ADMIN_API_TOKENS: adminToken,
    INIT_FRONTEND_API_TOKENS: token,
    CHECK_VERSION: 'false',
    SEND_TELEMETRY: 'false',
  }).map(([name, value]) => `${name}=${value}`);
}

async function create(features: string, { name, lane, percent }: UnleashFlag): Promise<void> {
  const environment = `${features}/${name}/environments/development`;
  const constraints = [{ contextName: 'lane', operator: 'IN', values: [lane] }];
  const parameters = { rollout: String(percent), stickiness: 'userId', groupId: name };
  await post(features, { name, type: 'release' });
  await post(`${environment}/strategies`, { name: 'default', constraints });
  await post(`${environment}/strategies`, { name: 'flexibleRollout', parameters });
  await post(`${environment}/on`, {});
}

async function post(url: string, body: object): Promise<void> {
  const headers = { authorization: adminToken, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`Unleash answered ${answer.status}: ${await answer.text()}`);
}
