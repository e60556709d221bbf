import { once } from 'node:events';
import { createServer } from 'node:http';
import { GraylaneProvider } from '@graylane/provider';
import { OpenFeature, ProviderEvents, ProviderStatus, type Client } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';

/** How long each trouble lasts, at least. `GRAYLANE_CHAOS_SECONDS=60` for the long run. */
const seconds = Number(process.env['GRAYLANE_CHAOS_SECONDS'] ?? 4);

let server: ServerProcess;
let client: Client;
let stale: string[];

beforeEach(async () => {
  server = await ServerProcess.start(rules('before'));
  stale = [];
  await OpenFeature.setProviderAndWait('chaos', new GraylaneProvider({ source: { url: server.url } }));
  client = OpenFeature.getClient('chaos');
  client.addHandler(ProviderEvents.Stale, (event) => stale.push(event?.message ?? ''));
});
afterEach(async () => {
  await OpenFeature.close();
  await server.close();
});

test('a service that starts while the server is frozen has the rules of its cache, and the newest later', async () => {
  const cacheFile = `${server.folder}/cache`;
  const source = { url: server.url };
  const restart = async (): Promise<void> => {
    await OpenFeature.setProviderAndWait('chaos', new GraylaneProvider({ source, cacheFile }));
  };
  await restart();
  await OpenFeature.close();
  server.signal('SIGSTOP');
  await restart();
  client = OpenFeature.getClient('chaos');
  expect(await client.getStringValue('version', 'default')).toBe('before');
  await expect.poll(() => client.providerStatus).toBe(ProviderStatus.STALE);
  server.signal('SIGCONT');
  await expectRecovery();
});

describe('while the server is in trouble, every evaluation uses the last good rules', () => {
  test('it is frozen: no connection breaks, and no byte comes', async () => {
    server.signal('SIGSTOP');
    const load = await evaluateUntil(() => stale.length > 0);
    expect(load).toEqual({ values: new Set(['before']), errors: 0, evaluated: expect.any(Number) });
    expect(stale[0]).toContain('silent');
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    server.signal('SIGCONT');
    await expectRecovery();
  });

  test('it is killed', async () => {
    await server.stop('SIGKILL');
    const load = await evaluateUntil(() => stale.length > 0);
    expect(load).toEqual({ values: new Set(['before']), errors: 0, evaluated: expect.any(Number) });
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    await server.start();
    await expectRecovery();
  });

  test('another server responds with 500 in its place, then 503 with Retry-After', async () => {
    await server.stop('SIGTERM');
    let asked = 0;
    const impostor = createServer((_request, response) => {
      asked += 1;
      response.writeHead(asked > 2 ? 503 : 500, asked > 2 ? { 'retry-after': '1' } : {}).end('oops');
    });
    await once(impostor.listen(server.port, '127.0.0.1'), 'listening');
    const load = await evaluateUntil(() => asked > 2 && stale.length > 0);
    expect(load).toEqual({ values: new Set(['before']), errors: 0, evaluated: expect.any(Number) });
    impostor.close();
    impostor.closeAllConnections();
    await once(impostor, 'close');
    await server.start();
    await expectRecovery();
  });
});

/**
 * Evaluates while the trouble lasts, and further until it has been noticed; returns the results.
 */
async function evaluateUntil(
  noticed: () => boolean,
): Promise<{ values: Set<string>; errors: number; evaluated: number }> {
  const values = new Set<string>();
  let [errors, evaluated] = [0, 0];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end || !noticed()) {
    for (let count = 0; count < 200; count += 1) {
      const { value, errorCode } = await client.getStringDetails('version', 'default');
      values.add(value);
      evaluated += 1;
      if (errorCode !== undefined) errors += 1;
    }
    // Timers and sockets have their turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { values, errors, evaluated };
}

async function expectRecovery(): Promise<void> {
  server.write(rules('after'));
  await expect.poll(() => client.getStringValue('version', 'default')).toBe('after');
  await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
}

function rules(version: string): object {
  return { flags: { version: { state: 'ENABLED', variants: { now: version }, defaultVariant: 'now' } } };
}
