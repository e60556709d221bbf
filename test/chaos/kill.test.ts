import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer } from '@graylane/server';
import { admin } from '../../apps/server/test/support/admin.ts';
import { describeWith } from '../components/components.ts';
import { postgres, startPostgres, type Postgres } from '../components/services/postgres.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const timeout = 120_000;
const quiet = { info: () => {}, warn: () => {} };
const fees = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'on',
};

await describeWith(postgres, 'a kill over PostgreSQL', () => {
  let database: Postgres;
  let count = 0;
  let replicas: { server: RunningServer; network: TcpProxy; ask: ReturnType<typeof admin>; url: string }[];

  beforeAll(async () => {
    database = await startPostgres();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    count += 1;
    const name = `kill_${count}`;
    const address = new URL(await database.createDatabase(name));
    replicas = [];
    for (let index = 0; index < 2; index += 1) {
      const network = await TcpProxy.open(database.port);
      address.port = String(network.port);
      const source = { database: address.href };
      const server = await createServer({ source, port: 0, grpcPort: 0, managementPort: 0 }, quiet);
      const url = `http://127.0.0.1:${server.port}`;
      replicas.push({ server, network, url, ask: admin(url) });
    }
  });
  afterEach(async () => {
    for (const { server, network } of replicas) {
      await server.close();
      await network.close();
    }
  });

  test(
    'is in force on its replica while the database is gone, and on all of them afterwards',
    { timeout },
    async () => {
      const [one, two] = replicas;
      if (one === undefined || two === undefined) throw new Error('two replicas are needed');
      const put = { body: fees, headers: { 'if-none-match': '*' } };
      expect((await one.ask('PUT', 'flags/fees', put)).status).toBe(201);
      const providers = [one, two].map(({ url }) => new GraylaneProvider({ source: { url } }));
      await Promise.all(providers.map((provider) => provider.initialize()));
      const reasons = (): Promise<unknown[]> =>
        Promise.all(
          providers.map(
            async (provider) => (await provider.resolveBooleanEvaluation('fees', false, {})).reason,
          ),
        );
      await expect.poll(reasons, { timeout }).toEqual(['STATIC', 'STATIC']);

      one.network.freeze();
      const killed = await one.ask('POST', 'kill?wait=30', { body: { flag: 'fees' } });
      expect(killed.status).toBe(200);
      expect(killed.body).toMatchObject({
        held: expect.any(String),
        clients: { connected: 1, confirmed: 1 },
      });
      expect(await reasons()).toEqual(['DISABLED', 'STATIC']);

      one.network.heal();
      await expect.poll(reasons, { timeout }).toEqual(['DISABLED', 'DISABLED']);
      await expect
        .poll(async () => (await two.ask('GET', 'kill')).body['kills'], { timeout })
        .toMatchObject([{ flag: 'fees', held: false, author: 'anonymous' }]);
      await expect
        .poll(async () => (await one.ask('GET', 'kill')).body['kills'], { timeout })
        .toMatchObject([{ flag: 'fees', held: false }]);
      expect(providers[0]?.revision).toBe(providers[1]?.revision);
      await Promise.all(providers.map((provider) => provider.onClose()));
    },
  );
});
