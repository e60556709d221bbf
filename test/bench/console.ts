import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Pool } from 'undici';
import { launchChromium } from '../components/tools/chromium.ts';
import { compare } from '../support/bench.ts';
import { typeSearch } from '../support/keystrokes.ts';
import { ServerProcess } from '../support/server-process.ts';

const search = 'flag-7 boolean';
const searches = 5;
const changesPerSecond = 100;

const flag = (n: number): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: n % 2 === 0 ? 'on' : 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
});

const browser = await launchChromium();
const small = await open(100);
const large = await open(10_000);
let changes = 0;

await compare({
  question: 'What does a key of a search in the flag list take?',
  unit: 'ms',
  rounds: 9,
  note: `From the event of the key until its work is done: the list is filtered, drawn and laid out. A frame at 60 Hz has 16.7 ms. A sample is the median of the keys of ${searches} searches, in Chromium without a window. A key that does not arrive in the field fails the benchmark, and so does a writer that makes fewer than ${changesPerSecond} changes a second.`,
  rows: [
    {
      name: 'while nothing changes',
      contenders: [
        { name: '100 flags', sample: () => key(small) },
        { name: '10,000 flags', sample: () => key(large) },
      ],
    },
    {
      name: `while ${changesPerSecond} flags change a second`,
      contenders: [
        { name: '100 flags', sample: () => whileChanging(small) },
        { name: '10,000 flags', sample: () => whileChanging(large) },
      ],
    },
  ],
});
console.log(`  ${changes} changes were made, and no key was lost.`);

await browser.close();
for (const { server, pool, folder } of [small, large]) {
  await pool.close();
  await server.close();
  rmSync(folder, { recursive: true });
}

type Opened = Awaited<ReturnType<typeof open>>;

/** The list of so many flags, in a page that follows a server of its own. */
async function open(size: number) {
  const folder = mkdtempSync(`${tmpdir()}/graylane-bench-`);
  mkdirSync(`${folder}/environments/default`, { recursive: true });
  const flags = Object.fromEntries(Array.from({ length: size }, (_, n) => [`flag-${n}`, flag(n)]));
  writeFileSync(`${folder}/environments/default/flags.json`, JSON.stringify({ flags }));
  const server = await ServerProcess.startOn(folder);
  const page = await browser.newPage();
  await page.goto(`${server.url}/e/default/flags`);
  await page
    .getByText(`${size.toLocaleString('en')} flags`)
    .first()
    .waitFor();
  return { folder, server, page, pool: new Pool(server.url, { connections: 1 }) };
}

async function key({ page }: Opened): Promise<number> {
  await page.bringToFront();
  const ms: number[] = [];
  for (let turn = 0; turn < searches; turn += 1) {
    const typed = await typeSearch(page, search);
    if (typed.content !== search || typed.ms.length < search.length) {
      throw new Error(`"${typed.content}" arrived in ${typed.ms.length} events instead of "${search}"`);
    }
    ms.push(...typed.ms);
  }
  return ms.toSorted((one, other) => one - other)[Math.floor(ms.length / 2)] ?? Number.NaN;
}

/** The same while flags change; the page must have followed all changes afterwards. */
async function whileChanging(opened: Opened): Promise<number> {
  let isOver = false;
  const writing = write(opened, () => isOver);
  const ms = await key(opened).finally(() => (isOver = true));
  const revision = await writing;
  await opened.page.getByTitle(`Revision ${revision},`).waitFor();
  return ms;
}

/** Changes flags at an even pace, until it is over; the last revision is the result. */
async function write({ pool }: Opened, isOver: () => boolean): Promise<string> {
  const start = performance.now();
  const sent: Promise<string>[] = [];
  while (!isOver() || sent.length === 0) {
    sent.push(change(pool));
    const pause = start + (sent.length * 1000) / changesPerSecond - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const revisions = await Promise.all(sent);
  const rate = (sent.length * 1000) / (performance.now() - start);
  if (rate < changesPerSecond * 0.9) throw new Error(`only ${Math.round(rate)} changes were made a second`);
  return revisions.at(-1) ?? '';
}

/** Changes one of 100 flags. Requests of one connection keep their order. */
async function change(pool: Pool): Promise<string> {
  changes += 1;
  const { statusCode, headers, body } = await pool.request({
    path: `/api/v1/environments/default/flags/flag-${changes % 100}`,
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify({ ...flag(changes), metadata: { description: `change ${changes}` } }),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`PUT returned ${statusCode}`);
  return String(headers['graylane-revision']);
}
