import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { ServerProcess } from '../support/server-process.ts';
import { Volume, volumes } from '../components/tools/volume.ts';

const count = 300;
const fees = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
let folder: string;
let server: ServerProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-many-`);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

describe(`a data folder with ${count} environments and 256 open files`, () => {
  test('takes writes in all of them, and can be opened again', async () => {
    server = await ServerProcess.startOn(folder, { openFiles: 256 });
    const { url } = server;
    const names = Array.from({ length: count }, (_, n) => `env-${n}`);
    for (const name of names) expect((await put(`${url}/${api(name)}`, { flags: {} }, '')).status).toBe(201);
    // As many clients as there is room for, beside what the environments need.
    const clients = Array.from({ length: 100 }, async (_, n) => {
      for (const name of names.filter((_name, index) => index % 100 === n)) {
        expect((await put(`${url}/${api(name)}/flags/fees`, fees, '')).status).toBe(201);
      }
    });
    await Promise.all(clients);
    expect(readdirSync(`/proc/${server.pid}/fd`).length).toBeLessThan(256);
    await server.stop('SIGTERM');
    await server.start({ openFiles: 256 });
    for (const name of [names[0], names.at(-1)]) {
      expect((await fetch(`${server.url}/${api(name ?? '')}/flags/fees`)).status).toBe(200);
    }
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
  });
});

await describeWith(volumes, 'a disk with room for a number of environments', () => {
  test('refuses one more with the remedy, counts that, and is served again although it is full', async () => {
    const volume = await Volume.inMemory(1);
    const { within } = volume;
    try {
      server = await ServerProcess.startOn(`${volume.path}/data`, { within });
      const made: string[] = ['default'];
      const wide = {
        flags: { wide: { ...fees, variants: { on: 'x'.repeat(10_000) }, defaultVariant: 'on' } },
      };
      const create = async (name: string): Promise<Response> => put(`${server?.url}/${api(name)}`, wide, '');
      let refused = await create('env-0');
      for (let n = 1; refused.status === 201; n += 1) {
        made.push(`env-${n - 1}`);
        refused = await create(`env-${n}`);
      }
      const next = `env-${made.length - 1}`;
      expect(refused.status).toBe(507);
      expect(((await refused.json()) as { detail: string }).detail).toMatch(/disk is full: free space/);
      expect((await create(next)).status).toBe(507);
      expect((await fetch(`${server.url}/${api(next)}`)).status).toBe(404);
      const metrics = await (await fetch(`http://127.0.0.1:${server.managementPort}/metrics`)).text();
      expect(metrics).toContain('graylane_refusals_total{protocol="admin",reason="disk_full"} 2');

      await server.stop('SIGTERM');
      await server.start();
      const names = (): Promise<string[]> => environmentsOf(server?.url ?? '');
      expect(await names()).toEqual(made.toSorted());
      for (const name of made.slice(1)) {
        const response = await fetch(`${server.url}/${api(name)}/flags/wide`);
        expect([name, response.status]).toEqual([name, 200]);
      }
      expect((await create(next)).status).toBe(507);
      volume.run(
        `rm -r ${volume.path}/data/environments/.${next} 2>&- || true; mount -o remount,size=2m ${volume.path}`,
      );
      expect((await create(next)).status).toBe(201);
      expect(await names()).toEqual([...made, next].toSorted());
    } finally {
      await server?.close();
      await volume.close();
    }
  });
});

await describeWith(volumes, 'a file system that is mounted read-only', () => {
  test('is served with --read-only, and not without', async () => {
    const volume = await Volume.onDisk(64);
    const { within } = volume;
    const data = `${volume.path}/data`;
    try {
      server = await ServerProcess.startOn(data, { within });
      expect((await put(`${server.url}/${api('default')}/flags/fees`, fees, '')).status).toBe(201);
      await server.stop('SIGTERM');
      volume.run(`mount -o remount,ro ${volume.path}`);
      await expect(server.start()).rejects.toThrow(/can't be used \(EROFS\): .*--read-only/);
      const reader = await ServerProcess.startOn(data, { within, options: ['--read-only'] });
      try {
        expect((await fetch(`${reader.url}/${api('default')}/flags/fees`)).status).toBe(200);
        const history = await (await fetch(`${reader.url}/${api('default')}/history`)).json();
        expect(history).toMatchObject({ revisions: [{ author: 'anonymous' }, { author: 'graylane' }] });
        expect((await put(`${reader.url}/${api('default')}/flags/fees`, fees, '*')).status).toBe(403);
      } finally {
        await reader.close();
      }
    } finally {
      await server?.close();
      await volume.close();
    }
  });
});

async function environmentsOf(url: string): Promise<string[]> {
  const { environments } = (await (await fetch(`${url}/api/v1/environments`)).json()) as {
    environments: Array<{ name: string }>;
  };
  return environments.map(({ name }) => name).toSorted();
}

function api(environment: string): string {
  return `api/v1/environments/${environment}`;
}

async function put(url: string, body: object, match: string): Promise<Response> {
  const condition = match === '' ? { 'if-none-match': '*' } : { 'if-match': match };
  return fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...condition },
    body: JSON.stringify(body),
  });
}
