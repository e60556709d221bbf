import { Pool } from 'undici';
import { compare, type Contender } from '../support/bench.ts';
import { ServerProcess } from '../support/server-process.ts';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

const sizes = [100, 1000, 10_000, 100_000];

/** Writes of one flag, one after another, in one sample. */
const writes = 10;

const flag = (n: number): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: n % 2 === 0 ? 'on' : 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
});

const folders: string[] = [];
const servers: ServerProcess[] = [];
const contenders: Contender[] = [];
for (const size of sizes) contenders.push(await writer(size));

await compare({
  question: 'What does a write of one flag cost, against the size of the set?',
  unit: 'ms',
  rounds: 9,
  note: `PUT of one flag to \`graylane-server --data\`: checked, compiled, on disk and sent to listeners when the response comes. ${writes} writes one after another are a sample; the flags file follows meanwhile, and shares processor and disk with the writes (20 MB for 100,000 flags). Each set has a server of its own.`,
  rows: [{ name: 'PUT of one flag', contenders: contenders as [Contender, ...Contender[]] }],
});

for (const server of servers) await server.close();
for (const folder of folders) rmSync(folder, { recursive: true });

/** A server with so many flags, and a client that writes one of them. */
async function writer(size: number): Promise<Contender> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-bench-`);
  folders.push(folder);
  mkdirSync(`${folder}/environments/default`, { recursive: true });
  const flags = Object.fromEntries(Array.from({ length: size }, (_, n) => [`flag-${n}`, flag(n)]));
  writeFileSync(`${folder}/environments/default/flags.json`, JSON.stringify({ flags }, null, 2));
  const server = await ServerProcess.startOn(folder);
  servers.push(server);
  const pool = new Pool(server.url, { connections: 1 });
  let n = 0;
  return {
    name: `${size.toLocaleString('en')} flags`,
    sample: async () => {
      const start = performance.now();
      for (let write = 0; write < writes; write += 1) {
        n += 1;
        const { statusCode, body } = await pool.request({
          path: '/api/v1/environments/default/flags/flag-7',
          method: 'PUT',
          headers: { 'content-type': 'application/json', 'if-match': '*' },
          body: JSON.stringify({ ...flag(n), metadata: { n } }),
        });
        if (statusCode !== 200) throw new Error(`PUT returned ${statusCode}: ${await body.text()}`);
        await body.dump();
      }
      return (performance.now() - start) / writes;
    },
  };
}
