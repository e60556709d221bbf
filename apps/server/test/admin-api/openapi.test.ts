import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { rolloutsApi } from '../../src/protocols/rollouts/routes.ts';
import { killApi, type KillOptions } from '../../src/protocols/kill/routes.ts';
import { trafficApi, type TrafficOptions } from '../../src/protocols/traffic/routes.ts';
import { adminApi } from '../../src/protocols/admin/routes.ts';
import { openapi as document } from '../../src/protocols/admin/openapi.ts';
import { FileSlots } from '../../src/store/disk/file-slots.ts';
import { FileStore } from '../../src/store/file/file-store.ts';
import { FileWatcher } from '../../src/store/file/file-watcher.ts';
import { MemoryLog } from '../../src/store/journal/memory-log.ts';
import { singleEnvironment } from '../../src/store/single-environment.ts';
import { Tokens } from '../../src/tokens/tokens.ts';
import { admin } from '../support/admin.ts';
import { fees, serve } from '../support/serve.ts';

const openapi = JSON.parse(document.toString()) as Record<string, unknown>;
const methods = ['get', 'put', 'post', 'patch', 'delete'];
const described = Object.entries(openapi['paths'] as Record<string, object>).flatMap(([path, item]) =>
  methods
    .filter((method) => method in item)
    .map((method) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
);

test('every route of the admin API is described, and nothing else', async () => {
  const served = await serve({ flags: {} });
  const store = await FileStore.open({
    file: served.file,
    revisions: new MemoryLog(),
    watcher: new FileWatcher(),
    slots: new FileSlots(),
    log: { info: () => {}, warn: () => {} },
  });
  const tokens = await Tokens.open({
    file: undefined,
    watcher: new FileWatcher(),
    log: { info: () => {}, warn: () => {} },
  });
  try {
    const environments = singleEnvironment(store);
    const rollouts = rolloutsApi({ environments, rollouts: { wake: () => {} }, prometheus: [] });
    const traffic = trafficApi({ environments } as TrafficOptions);
    const kills = killApi({} as KillOptions);
    const stack = [adminApi(environments, tokens), rollouts, traffic, kills].flatMap(
      (router) => router.stack,
    );
    const routes = stack.flatMap(({ route }) =>
      (route?.stack ?? []).flatMap(({ method }) =>
        methods.includes(method) ? [`${method} /api/v1${route?.path.replaceAll(/:\w+/g, '{}')}`] : [],
      ),
    );
    // The stream and its reports are served beside the admin API.
    const stream = ['get /api/v1/environments/{}/stream', 'post /api/v1/environments/{}/clients'];
    expect([...new Set([...routes, ...stream])].toSorted()).toEqual(described.toSorted());
  } finally {
    await store.close();
    await served.close();
  }
});

test('is served, each operation with a name of its own and each reference with something behind it', async () => {
  const served = await serve({ flags: { fees } });
  try {
    const { body } = await admin(served.url)('GET', '/openapi.json');
    const text = JSON.stringify(body);
    const names = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(described.length);
    for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body);
      expect([path, found]).toEqual([path, expect.any(Object)]);
    }
  } finally {
    await served.close();
  }
});

test('describes a flag, a page of the history and a refusal as they are', async () => {
  const served = await serve({ flags: { fees } });
  const ask = admin(served.url);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(openapi, 'openapi');
  try {
    for (const [schema, path] of [
      ['Flag', 'flags/fees'],
      ['History', 'history'],
      ['Problem', 'flags/nobody'],
      ['FlagDocument', '/environments/default'],
    ] as const) {
      const { body } = await ask('GET', path);
      const validate = ajv.getSchema(`openapi#/components/schemas/${schema}`);
      expect([path, validate?.(body), validate?.errors]).toEqual([path, true, null]);
    }
  } finally {
    await served.close();
  }
});
