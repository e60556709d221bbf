import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { postgres, startPostgres, type Postgres } from '../components/services/postgres.ts';
import { sendTrace } from '../support/otlp-spans.ts';
import { errorsSli, LaneTraffic } from '../support/lane-traffic.ts';
import { expectOnce, readRollout, type Rollout } from '../support/rollouts.ts';
import { ServerProcess } from '../support/server-process.ts';

const dyeRule = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray' },
  defaultVariant: 'baseline',
};
const request = {
  flag: 'lane',
  lane: 'gray',
  unit: 'request',
  sameCodeLooks: 0,
  steps: [{ weight: 5 }, { weight: 50 }, { weight: 100 }],
  guard: { mode: 'act', lookSeconds: 1, minRequests: 0, promoteMargin: 3, slis: [errorsSli] },
};

interface Report {
  readonly acts: ReadonlyArray<{ readonly details?: { readonly traces: Traces } }>;
}

type Traces = Readonly<Record<'gray' | 'control', ReadonlyArray<{ readonly name: string }>>>;

await describeWith(postgres, 'servers over one database during a rollout', () => {
  let database: Postgres;
  let count = 0;
  let servers: readonly ServerProcess[];
  let traffic: LaneTraffic;

  beforeAll(async () => {
    database = await startPostgres();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    count += 1;
    const url = await database.createDatabase(`rollout_${count}`);
    const start = (): Promise<ServerProcess> => ServerProcess.startWith(['--database', url]);
    servers = [await start(), await start()];
    const healthy = { requests: 300, bad: 2 };
    const urls = (): readonly string[] => servers.map((server) => server.url);
    traffic = new LaneTraffic(urls, 'gray', { gray: healthy, control: healthy });
    await send('PUT', 'flags/lane', dyeRule, { 'if-none-match': '*' });
  });
  afterEach(async () => {
    await traffic.close();
    for (const server of servers) {
      server.signal('SIGCONT');
      await server.close();
    }
  });

  async function send(method: string, path: string, body: object, headers = {}): Promise<unknown> {
    const response = await fetch(`${servers[1]?.url}/api/v1/environments/default/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  /** The server that moves the rollout, and another one. */
  async function leaderAndOther(): Promise<readonly [ServerProcess, ServerProcess]> {
    const leading = async (): Promise<readonly ServerProcess[]> => {
      const leads = await Promise.all(servers.map(isLooking));
      return servers.filter((_, index) => leads[index]);
    };
    await expect.poll(async () => (await leading()).length, { timeout: 60_000 }).toBe(1);
    const [leader] = await leading();
    const other = servers.find((server) => server !== leader);
    if (leader === undefined || other === undefined) throw new Error('the leader has changed meanwhile');
    return [leader, other];
  }

  async function isLooking({ managementPort }: ServerProcess): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${managementPort}/metrics`);
    return /^graylane_rollout_looks\{.*\} [1-9]/m.test(await response.text());
  }

  test('the report has the traces that any server has received', async () => {
    const { id } = (await send('POST', 'rollouts', request)) as Rollout;
    const [leader, other] = await leaderAndOther();
    const call = { service: 'payments', kind: 'server' } as const;
    for (const { url, managementPort } of [leader, other]) {
      const name = `received by ${managementPort}`;
      await sendTrace(url, [{ ...call, name, lane: 'gray' }]);
      await sendTrace(url, [{ ...call, name, lane: 'gray-control' }]);
    }
    await send('POST', `rollouts/${id}/rollback`, {});
    const names = async (): Promise<readonly (readonly string[])[]> => {
      const report = (await (
        await fetch(`${other.url}/api/v1/environments/default/rollouts/${id}/report`)
      ).json()) as Report;
      const { gray = [], control = [] } = report.acts.at(-1)?.details?.traces ?? {};
      return [gray, control].map((arm) => arm.map(({ name }) => name).toSorted());
    };
    const received = [leader, other].map(({ managementPort }) => `received by ${managementPort}`).toSorted();
    await expect.poll(names, { timeout: 60_000 }).toEqual([received, received]);
  });

  test.each([
    ['is frozen past its term', 'rolled_back', 60, 'SIGSTOP'],
    ['is killed', 'rolled_back', 60, 'SIGKILL'],
    ['is killed', 'promoted', 2, 'SIGKILL'],
  ] as const)(
    'another one goes on when the leader %s, and the rollout is %s',
    { timeout: 400_000 },
    async (_what, state, bad, signal) => {
      const { id } = (await send('POST', 'rollouts', request)) as Rollout;
      const [leader, other] = await leaderAndOther();
      traffic.gray = { requests: 300, bad };
      if (signal === 'SIGKILL') await leader.stop();
      else leader.signal(signal);
      await expect
        .poll(async () => (await readRollout(other.url, id))?.state, { timeout: 300_000, interval: 500 })
        .toBe(state);
      if (signal === 'SIGSTOP') {
        leader.signal('SIGCONT');
        // It has learnt of what the other one did, and of its own end as the leader.
        await expect
          .poll(async () => (await readRollout(leader.url, id))?.state, { timeout: 60_000, interval: 500 })
          .toBe(state);
        await expect.poll(() => isLooking(leader), { timeout: 60_000, interval: 500 }).toBe(false);
      }
      await expectOnce(other.url, id);
      const { acts } = (await readRollout(other.url, id)) as Rollout;
      const last = state === 'promoted' ? 'promote' : 'rollback';
      expect(acts.filter(({ kind }) => kind === last)).toHaveLength(1);
    },
  );
});
