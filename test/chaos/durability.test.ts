import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { ServerProcess } from '../support/server-process.ts';
import { Volume, volumes } from '../components/tools/volume.ts';
import { Writers } from '../support/writers.ts';

/**
 * How often the server is killed, and the power cut. `GRAYLANE_CHAOS_ROUNDS=100` for the long run.
 */
const rounds = Number(process.env['GRAYLANE_CHAOS_ROUNDS'] ?? 25);
const cuts = Math.min(rounds, 20);
const bin = fileURLToPath(new URL('../../apps/server/bin/graylane-server.js', import.meta.url));

let folder: string;
let server: ServerProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-durability-`);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

describe('an acknowledged write', () => {
  test(`is there after each of ${rounds} kill -9`, { timeout: 20_000 + rounds * 4000 }, async () => {
    const writers = new Writers();
    server = await ServerProcess.startOn(folder);
    for (let round = 0; round < rounds; round += 1) {
      const enough = new AbortController();
      const writing = writers.write(server.url, 4, enough.signal);
      await writers.more(5);
      await setTimeout(Math.random() * 50);
      await server.stop('SIGKILL');
      enough.abort();
      await writing;
      await server.start();
      expect(await writers.lost(server.url)).toEqual([]);
    }
    expect(writers.acknowledged).toBeGreaterThanOrEqual(rounds * 5);
    expect(await writers.missing(server.url)).toEqual([]);
    expect(verify(folder)).toMatchObject({ status: 0 });
  });

  test('has one winner among 50 who saw the same, and no write is lost', async () => {
    server = await ServerProcess.startOn(folder);
    const flag = `${server.url}/api/v1/environments/default/flags/counter`;
    const put = async (n: number, condition: Record<string, string>): Promise<Response> =>
      fetch(flag, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...condition },
        body: JSON.stringify({ state: 'ENABLED', variants: { n }, defaultVariant: 'n' }),
      });
    expect((await put(0, { 'if-none-match': '*' })).status).toBe(201);
    const tries = { won: 0, lost: 0 };
    const winners: number[] = [];
    const increment = async (): Promise<void> => {
      for (let turn = 0; turn < 6; turn += 1) {
        const read = await fetch(flag);
        const { variants } = (await read.json()) as { variants: { n: number } };
        const { status } = await put(variants.n + 1, { 'if-match': read.headers.get('etag') ?? '' });
        if (status === 200) winners.push(variants.n + 1);
        else expect(status).toBe(412);
        tries[status === 200 ? 'won' : 'lost'] += 1;
      }
    };
    await Promise.all(Array.from({ length: 50 }, increment));
    expect(tries.won + tries.lost).toBe(300);
    expect(tries.lost).toBeGreaterThan(0);
    expect(winners.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: tries.won }, (_, n) => n + 1),
    );
    const { variants } = (await (await fetch(flag)).json()) as { variants: { n: number } };
    expect(variants.n).toBe(tries.won);
  });
});

await describeWith(volumes, 'a disk in trouble', () => {
  let volume: Volume;
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await volume.close();
  });

  test(
    `keeps what was acknowledged through ${cuts} power cuts, and nothing else`,
    { timeout: 240_000 },
    async () => {
      volume = await Volume.onDisk(64);
      const data = `${volume.path}/data`;
      const { within } = volume;
      const writers = new Writers();
      let lostByControl = 0;
      server = await ServerProcess.startOn(data, { within });
      for (let round = 0; round < cuts; round += 1) {
        const control = unsynced(volume, `${volume.path}/control-${round}`);
        const enough = new AbortController();
        const writing = writers.write(server.url, 4, enough.signal);
        await Promise.all([writers.more(5), control.begun]);
        await setTimeout(Math.random() * 50);
        volume.cutPower();
        await server.stop('SIGKILL');
        enough.abort();
        await writing;
        const promised = await control.end();
        volume.mountAgain();
        lostByControl += promised - Number(volume.run(`cat ${volume.path}/control-${round} 2>&- | wc -l`));
        await server.start();
        expect(await writers.lost(server.url)).toEqual([]);
      }
      // A writer without sync loses data, so the power cut is a real one.
      expect(lostByControl).toBeGreaterThanOrEqual(cuts);
      expect(writers.acknowledged).toBeGreaterThanOrEqual(cuts * 5);
      expect(await writers.missing(server.url)).toEqual([]);
      expect(verify(data, within)).toMatchObject({ status: 0 });
    },
  );

  test('that is full refuses writes with the remedy, loses none before, and takes more once there is room', async () => {
    volume = await Volume.inMemory(1);
    const data = `${volume.path}/data`;
    server = await ServerProcess.startOn(data, { within: volume.within });
    const { url } = server;
    const put = async (key: string): Promise<Response> =>
      fetch(`${url}/api/v1/environments/default/flags/${key}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'if-none-match': '*' },
        body: JSON.stringify({ state: 'ENABLED', variants: { text: 'x'.repeat(5000) } }),
      });
    const health = async (): Promise<unknown> => (await fetch(`${url}/healthz`)).json();
    const keys = async (): Promise<string[]> => {
      const response = await fetch(`${server?.url}/api/v1/environments/default/flags`);
      return Object.keys(((await response.json()) as { flags: object }).flags);
    };
    for (const key of ['one', 'two']) expect((await put(key)).status).toBe(201);
    volume.run(`dd if=/dev/zero of=${volume.path}/fill bs=4k 2>&- || true`);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refused = await put('three');
      expect(refused.status).toBe(507);
      expect(((await refused.json()) as { detail: string }).detail).toMatch(/disk is full: free space/);
    }
    const environment = await fetch(`${url}/api/v1/environments/staging`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
      body: '{"flags": {}}',
    });
    expect(environment.status).toBe(507);
    expect(await health()).toMatchObject({ status: 'degraded', disk: { message: /full/ } });
    expect(await keys()).toEqual(['one', 'two']);
    volume.run(`rm ${volume.path}/fill`);
    expect((await put('three')).status).toBe(201);
    expect(await health()).toMatchObject({ status: 'ok' });
    await server.stop('SIGKILL');
    await server.start();
    expect(await keys()).toEqual(['one', 'two', 'three']);
    expect(verify(data, volume.within)).toMatchObject({ status: 0 });
  });
});

describe('a journal that was tampered with', () => {
  let journal: string;
  let head: string;

  beforeEach(async () => {
    journal = `${folder}/environments/default/journal.jsonl`;
    server = await ServerProcess.startOn(folder);
    for (let n = 0; n < 5; n += 1) {
      await fetch(`${server.url}/api/v1/environments/default/flags/fees`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', [n === 0 ? 'if-none-match' : 'if-match']: '*' },
        body: JSON.stringify({ state: 'ENABLED', variants: { n }, defaultVariant: 'n' }),
      });
    }
    await server.stop('SIGTERM');
    const { status, output } = verify(folder);
    expect(status).toBe(0);
    [, head = ''] = /6 revisions, head ([0-9a-f]{64})/.exec(output) ?? [];
    expect(head).not.toBe('');
  });

  test.each([
    [
      'changed an author',
      4,
      (lines: string[]) => lines.with(3, (lines[3] ?? '').replace('anonymous', 'nobody')),
    ],
    ['changed a value', 3, (lines: string[]) => lines.with(2, (lines[2] ?? '').replace('"n":1', '"n":7'))],
    ['taken a line out', 3, (lines: string[]) => lines.toSpliced(2, 1)],
    ['put a line twice', 4, (lines: string[]) => lines.toSpliced(3, 0, lines[2] ?? '')],
    ['swapped two lines', 3, (lines: string[]) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '')],
  ])('who has %s is found out, and where: line %i', (_case, line, tamper) => {
    const lines = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, tamper(lines).join('\n'));
    const { status, output } = verify(folder);
    expect(status).toBe(1);
    expect(output).toContain(`line ${line}: its hash does not match`);
  });

  test('at its end is found out by the head that was kept elsewhere', () => {
    const lines = readFileSync(journal, 'utf8').split('\n');
    expect(verify(folder, [], '--head', head)).toMatchObject({ status: 0 });
    writeFileSync(journal, `${lines.slice(0, -2).join('\n')}\n`);
    expect(verify(folder)).toMatchObject({ status: 0 });
    expect(verify(folder, [], '--head', head)).toMatchObject({ status: 1 });
  });

  test('is not served', async () => {
    const bytes = readFileSync(journal);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    writeFileSync(journal, bytes);
    await expect(server?.start()).rejects.toThrow(/corrupt in line 1.*move the journal away/s);
  });
});

/** Runs `graylane-server verify` as an operator does. */
function verify(
  data: string,
  within: readonly string[] = [],
  ...options: readonly string[]
): { status: number | null; output: string } {
  const [command = '', ...args] = [...within, process.execPath, bin, 'verify', data, ...options];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

interface Control {
  /** Resolves when the first line is promised. */
  readonly begun: Promise<unknown>;
  /** Ends it, and returns how many lines it has acknowledged. */
  end(): Promise<number>;
}

/** Appends lines to a file and acknowledges them, without ever syncing it. */
function unsynced(volume: Volume, file: string): Control {
  const script = 'n=0; while n=$((n+1)); echo $n >>"$0" && echo $n; do :; done';
  const [command, ...args] = [...volume.within, 'sh', '-c', script, file];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let promised = 0;
  const begun = once(child.stdout, 'data');
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    promised = Number(text.trimEnd().split('\n').at(-1));
  });
  // It may end before the signal, because its disk is gone.
  const gone = once(child, 'close');
  return {
    begun,
    end: async () => {
      child.kill('SIGKILL');
      await gone;
      return promised;
    },
  };
}
