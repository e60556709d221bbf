import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type * as Flags from '@graylane/flags';
import { applyFlagChangesInSteps, checkFlag, checkFlags, compileFlags } from '@graylane/flags';
import { createServer } from '@graylane/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { storeOf } from '../../src/store/environments.ts';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import { followStream } from '../support/follow.ts';
import { fees } from '../support/serve.ts';

// The real functions, with their calls counted.
vi.mock('@graylane/flags', async (original) => {
  const real = await original<typeof Flags>();
  return {
    ...real,
    applyFlagChangesInSteps: vi.fn(real.applyFlagChangesInSteps),
    checkFlag: vi.fn(real.checkFlag),
    checkFlags: vi.fn(real.checkFlags),
    compileFlags: vi.fn(real.compileFlags),
  };
});

const quiet = { info: () => {}, warn: () => {} };
const on = { ...fees, defaultVariant: 'on' };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-cost-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([10, 20_000])(
  'a write of one flag of %i checks and compiles one, and appends one short line',
  async (size) => {
    const data = await DataFolder.open({ folder, log: quiet });
    const flags = new Map(Object.entries(flagsOf(size)));
    const store = storeOf(data, 'default');
    await store.write(() => ({ author: 'test', document: { flags, shared: {} } }));
    vi.clearAllMocks();
    const before = readFileSync(`${folder}/environments/default/journal.jsonl`).length;
    await store.write(() => ({ author: 'test', edits: [{ path: ['flags', 'flag-3'], value: on }] }));
    expect(vi.mocked(checkFlag).mock.calls.map(([key]) => key)).toEqual(['flag-3']);
    expect(
      vi
        .mocked(applyFlagChangesInSteps)
        .mock.calls.map(([, { flags: changed = {} }]) => Object.keys(changed)),
    ).toEqual([['flag-3']]);
    expect(checkFlags).not.toHaveBeenCalled();
    expect(compileFlags).not.toHaveBeenCalled();
    const after = readFileSync(`${folder}/environments/default/journal.jsonl`).length;
    expect(after - before).toBeLessThan(1000);
    await data.close();
  },
);

describe('20,000 flags', () => {
  const size = 20_000;
  const document = Buffer.from(JSON.stringify({ flags: flagsOf(size) }));
  const changed = Buffer.from(document.toString().replaceAll('"off":false', '"off":false,"new":true'));
  const preview = Buffer.concat([
    Buffer.from('{"contexts":[{},{"lane":"gray"}],"document":'),
    changed,
    Buffer.from('}'),
  ]);

  test('are created, replaced, previewed and written, and a stream follows them', async () => {
    const server = await createServer(
      { source: { data: folder }, port: 0, grpcPort: 0, managementPort: 0 },
      quiet,
    );
    const url = `http://127.0.0.1:${server.port}/api/v1/environments`;
    const send = async (
      method: string,
      path: string,
      body: Buffer | string,
      match: string,
    ): Promise<void> => {
      const condition = match === '' ? { 'if-none-match': '*' } : { 'if-match': match };
      const headers = { 'content-type': 'application/json', ...condition };
      const response = await fetch(`${url}/${path}`, { method, headers, body });
      await response.arrayBuffer();
      expect([path, response.status]).toEqual([path, expect.toBeOneOf([200, 201])]);
    };
    try {
      await send('PUT', 'large', document, '');
      await send('PUT', 'large/flags/flag-3', JSON.stringify(on), '*');
      await send('POST', 'large/preview', preview, '*');
      await send('PUT', 'large', changed, '*');
      await send('PUT', 'large/segments/staff', '{"==":[1,1]}', '');
      await fetch(`${url}/large`).then((response) => response.arrayBuffer());
      const stream = await followStream(`${url}/large/stream`);
      expect(await stream.events.take(1)).toMatchObject([{ event: 'snapshot' }]);
      await send('PUT', 'large/flags/flag-3', JSON.stringify(on), '*');
      expect(await stream.events.take(2)).toMatchObject([
        {},
        { event: 'delta', data: { flags: { 'flag-3': on } } },
      ]);
      stream.close();
    } finally {
      await server.close();
    }
    const filed = JSON.parse(readFileSync(`${folder}/environments/large/flags.json`, 'utf8')) as {
      flags: object;
    };
    expect(Object.keys(filed.flags)).toHaveLength(size);
    expect(filed).toMatchObject({ $evaluators: { staff: {} }, flags: { 'flag-3': on } });
  });
});

function flagsOf(size: number): Record<string, object> {
  return Object.fromEntries(Array.from({ length: size }, (_, n) => [`flag-${n}`, fees]));
}
