import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createServer, type RunningServer } from '@graylane/server';
import { describeWith } from '../components/components.ts';
import { postgres, startPostgres, type Postgres } from '../components/services/postgres.ts';
import { followRevisions, type RevisionFollower } from '../support/revision-followers.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** How often each trouble comes. `npm run chaos` sets 20. */
const rounds = Number(process.env['GRAYLANE_CHAOS_ROUNDS'] ?? 2);
const timeout = 60_000 + rounds * 60_000;
/** Five times what a recovery may take, so that a slow machine passes. */
const recoveryMs = 10_000;
/** So many clients follow each replica. */
const clients = 5;

/** One server over the database, by a network of its own, with clients. */
interface Replica {
  readonly url: string;
  readonly managementUrl: string;
  readonly network: TcpProxy;
  readonly followers: readonly RevisionFollower[];
  close(): Promise<void>;
}

await describeWith(postgres, 'replicas over PostgreSQL', () => {
  let database: Postgres;
  let name: string;
  let count = 0;
  let replicas: Replica[];
  let writers: Writer[];

  beforeAll(async () => {
    database = await startPostgres();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    count += 1;
    name = `chaos_${count}`;
    await database.createDatabase(name);
    replicas = [await startReplica(), await startReplica()];
    writers = replicas.map(({ url }, index) => new Writer(url, `flag-${index}`));
  });
  afterEach(async () => {
    for (const writer of writers) await writer.stop();
    for (const replica of replicas) await replica.close();
  });

  test.each([
    ['PostgreSQL is restarted', async () => restart('fast')],
    ['PostgreSQL crashes', async () => restart('immediate')],
    ['its backends are terminated', terminate],
    ['the network of one replica is frozen', () => trouble('degraded', ([one]) => one?.network.freeze())],
    [
      'the network of all replicas is frozen',
      () =>
        trouble(
          'degraded',
          forAll((network) => network.freeze()),
        ),
    ],
    ['the network of one replica is cut', () => trouble('degraded', ([one]) => one?.network.cut())],
    [
      'the network of all replicas is cut',
      () =>
        trouble(
          'degraded',
          forAll((network) => network.cut()),
        ),
    ],
    [
      'connections are reset',
      () =>
        trouble(
          'ok',
          forAll((network) => network.reset()),
        ),
    ],
    [
      'the network is slow',
      () =>
        trouble(
          'ok',
          forAll((network) => network.delay(300)),
        ),
    ],
  ])('miss no revision when %s', { timeout }, async (_what, inflict) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const writer of writers) writer.start();
      for (const writer of writers) await writer.more(2);
      await inflict();
      for (const writer of writers) await writer.more(2);
      for (const writer of writers) await writer.stop();
      await expectConvergence();
    }
  });

  test('miss no revision when one of them is killed during writes', { timeout }, async () => {
    const process = await ServerProcess.startWith(['--database', addressAt(database.port)]);
    try {
      const doomed = new Writer(process.url, 'doomed');
      const followers = [followRevisions(process.url)];
      writers.push(doomed);
      for (let round = 0; round < rounds; round += 1) {
        for (const writer of writers) writer.start();
        await doomed.more(3);
        await process.stop('SIGKILL');
        for (const writer of writers.slice(0, 2)) await writer.more(3);
        await process.start();
        await doomed.more(2);
        for (const writer of writers) await writer.stop();
        await expectConvergence(followers);
      }
      for (const follower of followers) follower.close();
    } finally {
      await process.close();
    }
  });

  function forAll(work: (network: TcpProxy) => void): (all: readonly Replica[]) => void {
    return (all) => {
      for (const { network } of all) work(network);
    };
  }

  /** Breaks the network until a replica has noticed, or writes have gone on, and heals it. */
  async function trouble(
    status: 'degraded' | 'ok',
    inflict: (all: readonly Replica[]) => void,
  ): Promise<void> {
    inflict(replicas);
    const [first] = replicas;
    if (status === 'degraded') {
      await expect.poll(() => statusOf(first)).toBe('degraded');
      // Liveness and readiness do not depend on the database, and evaluations go on.
      expect((await fetch(`${first?.managementUrl}/readyz`)).status).toBe(200);
      await expect.poll(() => writers[0]?.refusals.length).toBeGreaterThan(0);
    } else for (const writer of writers) await writer.more(2);
    for (const { network } of replicas) network.heal();
    await expectRecovery();
  }

  async function restart(mode: 'fast' | 'immediate'): Promise<void> {
    await database.stop(mode);
    for (const replica of replicas) await expect.poll(() => statusOf(replica)).toBe('degraded');
    for (const writer of writers) await expect.poll(() => writer.refusals.length).toBeGreaterThan(0);
    await database.start();
    await expectRecovery();
  }

  /** Each client of each replica has soon what was written before the trouble ended. */
  async function expectRecovery(): Promise<void> {
    const left = { timeout: recoveryMs };
    const healed = Number(await database.run('select max(n) from graylane.revisions', name));
    for (const replica of replicas) await expect.poll(() => statusOf(replica), left).toBe('ok');
    for (const { revisions } of replicas.flatMap(({ followers }) => followers)) {
      const newest = (): number => Number(revisions.at(-1)?.split('.')[1]);
      await expect.poll(newest, left).toBeGreaterThanOrEqual(healed);
    }
  }

  async function terminate(): Promise<void> {
    await database.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'graylane'`,
      name,
    );
  }

  /** Each client has each revision once and in order; each acknowledged write is in the history. */
  async function expectConvergence(others: readonly RevisionFollower[] = []): Promise<void> {
    const [history = '', last = ''] = (
      await database.run(
        `select e.history || ' ' || max(r.n) from graylane.environments e
         join graylane.revisions r on r.environment = e.id group by e.history`,
        name,
      )
    ).split(' ');
    const all = [...replicas.flatMap(({ followers }) => followers), ...others];
    for (const { revisions } of all) {
      await expect.poll(() => revisions.at(-1)).toBe(`${history}.${last}`);
      const numbers = revisions.map((revision) => Number(revision.split('.')[1]));
      const first = numbers[0] ?? 0;
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => first + index));
    }
    const lines = (await database.run('select line from graylane.revisions order by rev', name)).split('\n');
    const written = lines.flatMap((line) => (JSON.parse(line) as Line).changes.map(writeOf));
    for (const writer of writers) {
      expect(writer.acknowledged.filter((write) => !written.includes(write))).toEqual([]);
      expect(writer.refused.filter((write) => written.includes(write))).toEqual([]);
      for (const { flags } of all) expect(writer.mayHave(flags)).toBe(true);
    }
    expect(new Set(written).size).toBe(written.length);
  }

  async function startReplica(): Promise<Replica> {
    const network = await TcpProxy.open(database.port);
    const log = { info: () => {}, warn: () => {} };
    const source = { database: addressAt(network.port) };
    const server: RunningServer = await createServer(
      { source, port: 0, grpcPort: 0, managementPort: 0 },
      log,
    );
    const url = `http://127.0.0.1:${server.port}`;
    const followers = Array.from({ length: clients }, () => followRevisions(url));
    for (const { revisions } of followers) await expect.poll(() => revisions.length).toBeGreaterThan(0);
    return {
      url,
      managementUrl: `http://127.0.0.1:${server.managementPort}`,
      network,
      followers,
      close: async () => {
        for (const follower of followers) follower.close();
        await server.close();
        await network.close();
      },
    };
  }

  function addressAt(port: number): string {
    return `postgres://postgres@127.0.0.1:${port}/${name}`;
  }
});

async function statusOf(replica: Replica | undefined): Promise<string> {
  const response = await fetch(`${replica?.managementUrl}/healthz`);
  return ((await response.json()) as { status: string }).status;
}

interface Line {
  readonly changes: ReadonlyArray<{
    readonly path: readonly string[];
    readonly after?: { readonly metadata?: { readonly n: number } };
  }>;
}

function writeOf({ path, after }: Line['changes'][number]): string {
  return `${path.at(-1)} ${after?.metadata?.n}`;
}

/** Writes one number after another into a flag, whatever the answers are. */
class Writer {
  readonly acknowledged: string[] = [];
  /** Writes of which the server stated that nothing was written. */
  readonly refused: string[] = [];
  /** The refusals since the last start. */
  refusals: string[] = [];
  readonly #url: string;
  readonly #key: string;
  #n = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(url: string, key: string) {
    this.#url = `${url}/api/v1/environments/default/flags/${key}`;
    this.#key = key;
  }

  start(): void {
    this.refusals = [];
    this.#isStopped = false;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    this.#running = undefined;
  }

  /** Resolves when so many more writes have been acknowledged. */
  async more(writes: number): Promise<void> {
    const enough = this.acknowledged.length + writes;
    await expect.poll(() => this.acknowledged.length).toBeGreaterThanOrEqual(enough);
  }

  /** Whether a client has the last acknowledged write, or one that was sent after it. */
  mayHave(flags: ReadonlyMap<string, unknown>): boolean {
    const { n = 0 } = (flags.get(this.#key) ?? {}) as { readonly n?: number };
    return n >= Number(this.acknowledged.at(-1)?.split(' ')[1] ?? 0);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#n += 1;
      const write = `${this.#key} ${this.#n}`;
      const [status, detail] = await this.#put(this.#n);
      if (status === 200 || status === 201) this.acknowledged.push(write);
      else if (status === 503) {
        this.refusals.push(detail);
        if (detail.includes('nothing was written')) this.refused.push(write);
        else expect(detail).toMatch(/did not confirm/);
      } else expect(status, detail).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Status 0 is a server that is gone. */
  async #put(n: number): Promise<[status: number, detail: string]> {
    const flag = {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'on',
      metadata: { n },
    };
    const condition: Record<string, string> =
      this.acknowledged.length === 0 ? { 'if-none-match': '*' } : { 'if-match': '*' };
    try {
      const response = await fetch(this.#url, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...condition },
        body: JSON.stringify(flag),
      });
      const { detail = '' } = (await response.json()) as { readonly detail?: string };
      return [response.status, detail];
    } catch {
      return [0, ''];
    }
  }
}
