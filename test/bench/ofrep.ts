import { Pool } from 'undici';
import { BareProcess } from '../support/bare-process.ts';
import { compare, type Contender } from '../support/bench.ts';
import { ServerProcess } from '../support/server-process.ts';

const connections = 16;
const sampleMs = 400;

const flag = (index: number): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: {
    if: [
      { '==': [{ var: 'lane' }, 'gray'] },
      'on',
      {
        fractional: [
          ['on', index % 100],
          ['off', 100 - (index % 100)],
        ],
      },
    ],
  },
});
const flags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`flag-${index}`, flag(index)]));
const question = JSON.stringify({ context: { targetingKey: 'ada', lane: 'gray', region: 'eu-west' } });
const headers = { 'content-type': 'application/json' };
const [single, bulk] = ['/ofrep/v1/evaluate/flags/flag-7', '/ofrep/v1/evaluate/flags'];

const server = await ServerProcess.start({ flags });
const graylane = new Pool(server.url, { connections });
const bytes = async (path: string): Promise<string> =>
  (await graylane.request({ path, method: 'POST', headers, body: question })).body.text();
const bares = [
  await BareProcess.start('answer', await bytes(single)),
  await BareProcess.start('answer', await bytes(bulk)),
];
const [bareSingle, bareBulk] = bares.map(({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections }));
const { headers: answered } = await graylane
  .request({ path: bulk, method: 'POST', headers, body: question })
  .then(async (answer) => {
    await answer.body.dump();
    return answer;
  });

await compare({
  question: 'How many OFREP questions does one server answer a second?',
  unit: 'requests/s',
  rounds: 9,
  peers: ['express', 'undici'],
  note: `${connections} connections from another process on the same machine. The baseline is express with its JSON parser, which answers with the same bytes and evaluates nothing. A set of 50 flags with a rule and a rollout each.`,
  rows: [
    {
      name: 'one flag',
      contenders: [asking('express, same bytes', bareSingle, single), asking('graylane', graylane, single)],
    },
    {
      name: 'all 50 flags',
      contenders: [asking('express, same bytes', bareBulk, bulk), asking('graylane', graylane, bulk)],
    },
    {
      name: 'all 50 flags, unchanged (304)',
      contenders: [
        asking('express, same bytes', bareBulk, bulk),
        asking('graylane', graylane, bulk, { 'if-none-match': String(answered['etag']) }),
      ],
    },
  ],
});
await Promise.all([graylane, bareSingle, bareBulk].map(async (pool) => pool?.close()));
await Promise.all([server, ...bares].map((one) => one.close()));

/** A sample is the requests a second that all connections together get answered. */
function asking(name: string, pool: Pool | undefined, path: string, more: object = {}): Contender {
  if (pool === undefined) throw new Error(`nobody to ask: ${name}`);
  return {
    name,
    sample: async () => {
      const start = performance.now();
      let answers = 0;
      const ask = async (): Promise<void> => {
        while (performance.now() - start < sampleMs) {
          const answer = await pool.request({
            path,
            method: 'POST',
            headers: { ...headers, ...more },
            body: question,
          });
          await answer.body.dump();
          if (answer.statusCode >= 400) throw new Error(`${name} answered ${answer.statusCode}`);
          answers += 1;
        }
      };
      await Promise.all(Array.from({ length: connections }, ask));
      return answers / ((performance.now() - start) / 1000);
    },
  };
}
