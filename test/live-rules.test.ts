import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer } from '@graylane/server';
import { OpenFeature, ProviderEvents, ProviderStatus, type Client } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failedStart } from './support/failed-start.ts';

const quiet = { info: () => {}, warn: () => {} };
const folder = mkdtempSync(`${tmpdir()}/graylane-live-`);
const file = `${folder}/flags.json`;
const cacheFile = `${folder}/cache`;
let server: RunningServer | undefined;
let link: Link;

beforeEach(async () => {
  write('v1');
  server = await serve(0);
  link = await Link.to(server.port);
});
afterEach(async () => {
  await OpenFeature.close();
  await link.close();
  await server?.close();
  server = undefined;
  rmSync(cacheFile, { force: true });
});

describe('a provider of a flag server', () => {
  test('follows its changes', async () => {
    const client = await follow();
    const changes: unknown[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, (event) => changes.push(event?.flagsChanged));
    expect(await ask(client)).toBe('v1');
    write('v2');
    await expect.poll(() => ask(client)).toBe('v2');
    expect(changes).toEqual([['version']]);
  });

  test('keeps deciding when the server is gone, becomes STALE, and is right again when it is back', async () => {
    const client = await follow();
    const port = server?.port ?? 0;
    await server?.close();
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.STALE);
    for (let times = 0; times < 100; times += 1) expect(await ask(client)).toBe('v1');
    write('v3');
    server = await serve(port);
    await expect.poll(() => ask(client)).toBe('v3');
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  test('notices that the server has fallen silent, though no connection broke', async () => {
    const client = await follow();
    const stale = new Promise((resolve) => {
      client.addHandler(ProviderEvents.Stale, (event) => resolve(event?.message));
    });
    link.freeze();
    expect(await stale).toContain('silent');
    expect(await ask(client)).toBe('v1');
    write('v4');
    link.thaw();
    await expect.poll(() => ask(client)).toBe('v4');
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  test('misses nothing, whatever happens to its connections and to the server', async () => {
    const client = await follow();
    let version = 9;
    const happenings: Readonly<Record<string, () => Promise<void> | void>> = {
      edit: () => write(`v${(version += 1)}`),
      cut: () => link.cut(),
      freeze: () => link.freeze(),
      thaw: () => link.thaw(),
      restart: async () => {
        const port = server?.port ?? 0;
        await server?.close();
        write(`v${(version += 1)}`);
        server = await serve(port);
      },
      pause: () => new Promise((resolve) => setTimeout(resolve, 60)),
    };
    const sequences = fc.array(fc.constantFrom(...Object.keys(happenings)), { minLength: 5, maxLength: 12 });
    const property = fc.asyncProperty(sequences, async (names) => {
      for (const name of names) await happenings[name]?.();
      // A frozen connection stays so until a timeout; the test does not wait for that.
      link.thaw();
      write(`v${(version += 1)}`);
      await expect.poll(() => ask(client)).toBe(`v${version}`);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
    });
    await fc.assert(property, { numRuns: 8, endOnFailure: true });
  }, 240_000);

  test('logs faults without its token, and without the path of its stream', async () => {
    const source = { url: `http://127.0.0.1:${link.port}/?secret=query`, token: 'secret-token' };
    await link.close();
    const why = await failedStart((startTimeoutMs) =>
      OpenFeature.setProviderAndWait('live', new GraylaneProvider({ source, startTimeoutMs })),
    );
    expect(why).toContain(`http://127.0.0.1:${link.port} can't be reached`);
    expect(why).not.toMatch(/secret|stream/);
  });

  test('starts from its cache when the server is out of reach, stale', async () => {
    await follow({ cacheFile });
    await OpenFeature.close();
    link.cut();
    await link.close();
    const client = await follow({ cacheFile });
    expect(await ask(client)).toBe('v1');
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.STALE);
  });

  test('does not believe a cache that is not whole', async () => {
    await follow({ cacheFile });
    await OpenFeature.close();
    await link.close();
    const whole = readFileSync(cacheFile);
    for (const damage of [whole.subarray(0, -1), whole.subarray(0, 10), Buffer.alloc(0), flipped(whole)]) {
      writeFileSync(cacheFile, damage);
      const why = await failedStart((startTimeoutMs) => follow({ cacheFile, startTimeoutMs }));
      expect(why).toContain("can't be reached");
    }
  });

  test('fails its start with the reason where no server responds, and is ready when one does', async () => {
    const { port } = link;
    await link.close();
    const why = await failedStart((startTimeoutMs) => follow({ startTimeoutMs }));
    expect(why).toMatch(/127\.0\.0\.1.*ECONNREFUSED/);
    const client = OpenFeature.getClient('live');
    expect(await client.getStringDetails('version', 'default')).toMatchObject({
      value: 'default',
      errorCode: 'PROVIDER_NOT_READY',
    });
    link = await Link.to(server?.port ?? 0, port);
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
    expect(await ask(client)).toBe('v1');
  });
});

async function follow(options: { cacheFile?: string; startTimeoutMs?: number } = {}): Promise<Client> {
  const source = { url: `http://127.0.0.1:${link.port}` };
  await OpenFeature.setProviderAndWait('live', new GraylaneProvider({ source, ...options }));
  return OpenFeature.getClient('live');
}

async function ask(client: Client): Promise<string> {
  return client.getStringValue('version', 'default');
}

function write(version: string): void {
  const flag = { state: 'ENABLED', variants: { now: version }, defaultVariant: 'now' };
  writeFileSync(
    file,
    JSON.stringify({ flags: { version: flag, other: { ...flag, variants: { now: 'x' } } } }),
  );
}

async function serve(port: number): Promise<RunningServer> {
  return createServer({ source: { flags: file }, port, grpcPort: 0, managementPort: 0 }, quiet);
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 20] = (copy[copy.length - 20] ?? 0) ^ 1;
  return copy;
}

/** A connection to a server that can be cut, or frozen without an error on either side. */
class Link {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  static async to(port: number, own = 0): Promise<Link> {
    const sockets = new Set<Socket>();
    const wire = createTcpServer((inner) => {
      const outer = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => wire.listen(own, '127.0.0.1', resolve));
    return new Link(wire, sockets);
  }

  private constructor(wire: Server, sockets: Set<Socket>) {
    this.port = (wire.address() as AddressInfo).port;
    this.#server = wire;
    this.#sockets = sockets;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Frozen bytes are lost; new connections work. */
  thaw(): void {
    this.cut();
  }

  async close(): Promise<void> {
    this.cut();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}
