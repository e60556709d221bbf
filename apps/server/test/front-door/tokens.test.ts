import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { revokeToken, rotateToken } from '../../src/tokens/change-tokens.ts';
import { TokenFile } from '../../src/tokens/token-file.ts';
import { RequestAudit } from '../../src/audit/request-audit.ts';
import { hashOf, isWhole, newToken } from '../../src/tokens/token.ts';
import { admin } from '../support/admin.ts';
import { followStream } from '../support/follow.ts';
import { runCommand } from '../support/run-command.ts';
import { fees, serve, serveFolder, type Served } from '../support/serve.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));

/** A fifth of the time that a user may wait, so that a slow machine passes. */
const within = { timeout: 5000 };

test('a token has a prefix, 256 random bits and a checksum', () => {
  const made = new Set(Array.from({ length: 100 }, newToken));
  expect(made.size).toBe(100);
  for (const token of made) {
    expect(token).toMatch(/^gl_[\w-]{49}$/);
    expect(isWhole(token)).toBe(true);
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'x' ? 'y' : 'x';
      expect(isWhole(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).toBe(false);
      expect(isWhole(token.slice(0, at))).toBe(false);
    }
  }
});

describe('the tokens of a data folder', () => {
  let served: Served;
  let folder: string;
  let file: string;

  beforeEach(async () => {
    served = await serveFolder({ flags: { fees } });
    folder = dirname(dirname(dirname(served.file)));
    file = `${folder}/tokens.json`;
  });
  afterEach(() => served.close());

  test('are made beside the running server, and then every request needs one', async () => {
    expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(200);
    const stream = await followStream(`${served.url}/api/v1/environments/default/stream`);
    const made = await run('token', 'create', 'boss', '--scope', 'admin', '--data', folder);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^gl_[\w-]{49}\n$/) });
    expect(made.stderr).toContain('from now on every request needs a token');
    // A stream without a token ends, too.
    await stream.ended;
    expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(401);
    const headers = bearer(made.stdout.trim());
    expect((await admin(served.url)('GET', 'flags/fees', { headers })).status).toBe(200);
    expect(statSync(file).mode & 0o077).toBe(0);
    const change = { body: { defaultVariant: 'on' }, headers: { ...headers, 'if-match': '*' } };
    expect((await admin(served.url)('PATCH', 'flags/fees', change)).status).toBe(200);
    const { body } = await admin(served.url)('GET', 'history', { headers });
    expect(body['revisions']).toMatchObject([{ author: 'boss' }, {}]);
  });

  test('are managed over the API, each for what it may manage', async () => {
    const post = (path: string, body: object, headers = {}) =>
      admin(served.url)('POST', path, { body, headers });
    const first = await post('/tokens', { name: 'boss', scope: 'admin' });
    expect([first.status, first.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const boss = bearer(String(first.body['token']));
    expect((await post('/tokens', { name: 'eve', scope: 'admin' })).status).toBe(401);
    const lab = { name: 'lab', scope: 'admin', environment: 'lab', expiresInDays: 1 };
    const second = await post('/tokens', lab, boss);
    expect(second.body).toMatchObject({ ...lab, expiresAt: expect.any(String) });
    const labAdmin = bearer(String(second.body['token']));
    expect((await post('/tokens', { name: 'all', scope: 'admin' }, labAdmin)).status).toBe(403);
    expect((await post('/tokens', { ...lab, name: 'more' }, labAdmin)).status).toBe(201);
    const listed = async (headers: object) =>
      (await admin(served.url)('GET', '/tokens', { headers: { ...headers } })).body['tokens'] as object[];
    expect(await listed(labAdmin)).toMatchObject([{ name: 'lab' }, { name: 'more' }]);
    expect(await listed(boss)).toHaveLength(3);
    expect(JSON.stringify(await listed(boss))).not.toMatch(/gl_|sha256|[0-9a-f]{64}/);
    expect((await admin(served.url)('DELETE', '/tokens/boss', { headers: labAdmin })).status).toBe(404);
    expect(
      (await admin(served.url)('DELETE', `/tokens/${String(second.body['id'])}`, { headers: boss })).status,
    ).toBe(204);
    expect((await admin(served.url)('GET', '/tokens', { headers: labAdmin })).status).toBe(401);
    // The last token leaves the server closed, not open.
    for (const name of ['more', 'boss'])
      await admin(served.url)('DELETE', `/tokens/${name}`, { headers: boss });
    expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(401);
  });

  test.each([
    [{ scope: 'admin' }, 400],
    [{ name: 'x', scope: 'root' }, 400],
    [{ name: 'anonymous', scope: 'write' }, 400],
    [{ name: 'x\ny', scope: 'write' }, 400],
    [{ name: 'x', scope: 'write', expiresInDays: 0 }, 400],
    [{ name: 'x', scope: 'write', environment: '' }, 400],
    [{ name: 'x', scope: 'write', expires: 5 }, 400],
  ])('%j is refused with what is allowed', async (body, status) => {
    const refused = await admin(served.url)('POST', '/tokens', { body });
    expect([refused.status, refused.body['detail']]).toEqual([
      status,
      expect.stringMatching(/: use |must be/),
    ]);
    expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(200);
  });

  test('end the streams of a token that is revoked, and of no other', async () => {
    const kept = await tokenIn(file, { name: 'kept', scope: 'admin' });
    const gone = await tokenIn(file, { name: 'gone', scope: 'definitions' });
    await accepted(gone);
    const paths = ['/api/v1/environments/default/stream', '/ofrep/v1/events'];
    const open = (token: string) =>
      Promise.all(paths.map((path) => followStream(`${served.url}${path}`, bearer(token))));
    const [ending, staying] = [await open(gone), await open(kept)];
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${served.grpcPort}` });
    const calls = [
      createClient(FlagSyncService, transport).syncFlags({}, { headers: bearer(gone) }),
      createClient(Service, transport).eventStream({}, { headers: bearer(gone) }),
    ].map((call) => call[Symbol.asyncIterator]());
    await Promise.all(calls.map((call) => call.next()));
    const start = performance.now();
    await new TokenFile(file).update((records) => revokeToken(records, 'gone'));
    await Promise.all(ending.map(({ ended }) => ended));
    for (const call of calls) {
      const end = async (): Promise<never> => {
        for (;;) if ((await call.next()).done) throw new Error('it ended in good order');
      };
      const error = await end().catch((thrown: unknown) => thrown);
      expect(ConnectError.from(error).code).toBe(Code.Unauthenticated);
    }
    expect(performance.now() - start).toBeLessThan(within.timeout);
    for (const stream of staying) await stream.events.take(1);
    served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'on' } } }));
    for (const stream of staying) {
      await stream.events.take(2);
      stream.close();
    }
    expect(await statusWith(gone)).toBe(401);
  });

  test('end the streams of a token that expires', async () => {
    const brief = await tokenIn(file, { name: 'brief', scope: 'definitions', expiresInDays: 1.5 / 86_400 });
    await accepted(brief);
    const stream = await followStream(`${served.url}/api/v1/environments/default/stream`, bearer(brief));
    await stream.ended;
    expect(await statusWith(brief)).toBe(401);
  });

  test('rotate without a request that fails', async () => {
    const old = await tokenIn(file, { name: 'orders', scope: 'admin' });
    await accepted(old);
    const stream = await followStream(`${served.url}/api/v1/environments/default/stream`, bearer(old));
    let current = old;
    const statuses: number[] = [];
    const state = { over: false };
    const traffic = (async () => {
      while (!state.over) statuses.push(await statusWith(current));
    })();
    for (let round = 0; round < 3; round += 1) {
      const rotated = await admin(served.url)('POST', '/tokens/orders/rotate', { headers: bearer(current) });
      expect(rotated.status).toBe(200);
      current = String(rotated.body['token']);
    }
    state.over = true;
    await traffic;
    expect(statuses.length).toBeGreaterThan(3);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await statusWith(old)).toBe(200);
    const last = { body: { overlapSeconds: 0 }, headers: bearer(current) };
    const { body } = await admin(served.url)('POST', '/tokens/orders/rotate', last);
    expect(await statusWith(current)).toBe(401);
    expect(await statusWith(String(body['token']))).toBe(200);
    stream.close();
  });

  test('survive a file that can not be read, with a warning, and one that was removed', async () => {
    const boss = await tokenIn(file, { name: 'boss', scope: 'admin' });
    await accepted(boss);
    const good = readFileSync(file, 'utf8');
    for (const bad of ['{', '{"tokens":[{"id":"x"}]}', good.replace('"admin"', '"root"')]) {
      writeFileSync(file, bad);
      await expect.poll(() => served.logged.join('\n'), within).toContain(file);
      expect(await statusWith(boss)).toBe(200);
    }
    unlinkSync(file);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(401);
    expect(await statusWith(boss)).toBe(200);
  });

  test('are never logged, nor on disk', async () => {
    const secrets = [await tokenIn(file, { name: 'boss', scope: 'admin' })];
    await accepted(secrets[0] ?? '');
    const boss = bearer(secrets[0] ?? '');
    const made = await admin(served.url)('POST', '/tokens', {
      body: { name: 'orders', scope: 'evaluate' },
      headers: boss,
    });
    const rotated = await admin(served.url)('POST', '/tokens/orders/rotate', { headers: boss });
    const command = await run('token', 'rotate', 'orders', '--tokens', file);
    secrets.push(String(made.body['token']), String(rotated.body['token']), command.stdout.trim());
    secrets.push(newToken(), newToken().slice(0, -3));
    for (const secret of secrets) {
      for (const [path, headers] of [
        ['/tokens', bearer(secret)],
        [`/tokens?access_token=${secret}`, { 'x-api-key': secret }],
        [`/tokens/${secret}`, { authorization: `Basic ${secret}` }],
        ['/environments/default/flags/fees', { ...bearer(secret), origin: 'http://evil.example' }],
      ] as const) {
        for (const method of ['GET', 'DELETE', 'PUT']) await admin(served.url)(method, path, { headers });
      }
      const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${served.grpcPort}` });
      await createClient(FlagSyncService, transport)
        .fetchAllFlags({ selector: 'nowhere' }, { headers: bearer(secret) })
        .catch(() => undefined);
    }
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`);
    expect(files).toContain(file);
    const written = [
      ...files.map((path) => readFileSync(path, 'utf8')),
      ...served.logged,
      command.stderr,
    ].join('\n');
    expect(written).toContain(hashOf(secrets[0] ?? ''));
    for (const secret of secrets) expect(written).not.toContain(secret.slice(3, 20));
  });

  async function statusWith(token: string): Promise<number> {
    return (await admin(served.url)('GET', 'flags/fees', { headers: bearer(token) })).status;
  }

  async function accepted(token: string): Promise<void> {
    const statuses = () => Promise.all([statusWith(newToken()), statusWith(token)]);
    await expect.poll(statuses, within).toEqual([401, 200]);
  }
});

describe('a file of tokens', () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-tokens-`);
  const file = `${folder}/tokens.json`;
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('serves a source without a store', async () => {
    const boss = await tokenIn(file, { name: 'boss', scope: 'admin' });
    const served = await serve({ flags: { fees } }, { tokens: file });
    try {
      expect((await admin(served.url)('GET', 'flags/fees')).status).toBe(401);
      const body = { name: 'more', scope: 'evaluate' };
      expect((await admin(served.url)('POST', '/tokens', { body, headers: bearer(boss) })).status).toBe(201);
    } finally {
      await served.close();
    }
    await expect(serve({ flags: {} }, { tokens: `${folder}/none.json` })).rejects.toThrow(
      /none\.json does not exist: create the first token with .*--tokens/,
    );
    writeFileSync(file, '[]');
    await expect(serve({ flags: {} }, { tokens: file })).rejects.toThrow('has no array "tokens"');
    const without = await serve({ flags: { fees } });
    const refused = await admin(without.url)('POST', '/tokens', { body: { name: 'x', scope: 'write' } });
    expect([refused.status, refused.body['detail']]).toEqual([403, expect.stringContaining('--tokens FILE')]);
    await without.close();
  });

  test('keeps every change of many processes, and takes over the lock of one that died', async () => {
    const names = Array.from({ length: 5 }, (_, at) => `t${at}`);
    const made = await Promise.all(
      names.map((name) => run('token', 'create', name, '--scope', 'write', '--tokens', file)),
    );
    expect(made.map(({ code }) => code)).toEqual(names.map(() => 0));
    const records = (await new TokenFile(file).read()) ?? [];
    expect(records.map(({ name }) => name).toSorted()).toEqual(names);
    expect(records.map(({ sha256 }) => sha256).toSorted()).toEqual(
      made.map(({ stdout }) => hashOf(stdout.trim())).toSorted(),
    );
    writeFileSync(`${file}.lock`, '');
    utimesSync(`${file}.lock`, 1, 1);
    const { stdout } = await run('token', 'rotate', 't1', '--overlap', '0', '--tokens', file);
    expect(stdout).toMatch(/^gl_/);
    expect((await run('token', 'revoke', 't0', '--tokens', file)).code).toBe(0);
    const listed = await run('token', 'list', '--tokens', file);
    expect(listed.stdout.split('\n')).toHaveLength(5);
    expect(listed.stdout).not.toMatch(/gl_|[0-9a-f]{64}/);
  });

  test('has a rate limit for each token, which leaves others alone', async () => {
    const [eager, calm] = [
      await tokenIn(file, { name: 'eager', scope: 'evaluate' }),
      await tokenIn(file, { name: 'calm', scope: 'evaluate' }),
    ];
    // One request in 1,000 s: no test is so slow that a second one is admitted.
    const served = await serve({ flags: { fees } }, { tokens: file, rateLimit: 0.001 });
    const evaluate = async (token: string): Promise<number> => {
      const url = `${served.url}/ofrep/v1/evaluate/flags/fees`;
      return (await fetch(url, { method: 'POST', headers: bearer(token) })).status;
    };
    try {
      expect([await evaluate(eager), await evaluate(eager), await evaluate(calm)]).toEqual([200, 429, 200]);
      const rotated = await new TokenFile(file).update((records) =>
        rotateToken(records, 'eager', 300, Date.now()),
      );
      await expect.poll(() => evaluate(rotated.token), within).toBe(429);
    } finally {
      await served.close();
    }
  });

  test('rotates as long as the token lives, and no longer', () => {
    const now = Date.now();
    const record = {
      id: 'a',
      name: 'a',
      scope: 'write',
      createdAt: new Date(now - 86_300_000).toISOString(),
      expiresInDays: 1,
      expiresAt: new Date(now + 100_000).toISOString(),
      sha256: hashOf('x'),
    } as const;
    const { record: rotated } = rotateToken([record], 'a', 300, now);
    expect(rotated).toMatchObject({
      expiresAt: new Date(now + 86_400_000).toISOString(),
      previous: [{ sha256: record.sha256, validUntil: record.expiresAt }],
    });
    expect(rotateToken([rotated], 'a', 300, now + 200_000).record.previous).toHaveLength(1);
  });
});

test.each([
  [['token'], 'token takes one of: create NAME --scope SCOPE'],
  [['token', 'create', 'x'], 'token create needs --scope'],
  [
    ['token', 'create', 'x', '--scope', 'root'],
    '--scope is "root": use evaluate, definitions, write or admin',
  ],
  [['token', 'list', '--data', 'a', '--tokens', 'b'], '--data and --tokens are both given'],
  [['token', 'list', '--scope', 'admin'], '--scope is not an option of token list'],
  [
    ['token', 'create', 'x', '--scope', 'write', '--expires', '0'],
    '--expires is "0": use a number of days above 0',
  ],
])('%j is refused with the remedy', async (args, words) => {
  const { code, stderr } = await run(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test('the command works over the API, with a token from the environment', async () => {
  const served = await serveFolder({ flags: { fees } });
  const env = { GRAYLANE_URL: served.url };
  try {
    const boss = await runWith(env, 'token', 'create', 'boss', '--scope', 'admin', '--expires', '90');
    expect(boss.stdout).toMatch(/^gl_/);
    const refused = await runWith(env, 'token', 'list');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('GRAYLANE_TOKEN or --token')]);
    const withToken = { ...env, GRAYLANE_TOKEN: boss.stdout.trim() };
    expect((await runWith(withToken, 'token', 'list')).stdout).toMatch(
      /^\w+ {2}boss {2}admin, all environments, .* expires 20/,
    );
    expect((await runWith(withToken, 'export')).stdout).toContain('"fees"');
    expect((await runWith(withToken, 'token', 'rotate', 'boss')).stdout).toMatch(/^gl_/);
    expect((await runWith(withToken, 'token', 'revoke', 'boss')).stdout).toBe('revoked boss\n');
    expect((await runWith(withToken, 'export')).code).toBe(1);
  } finally {
    await served.close();
  }
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Ran> {
  return runWith({}, ...args);
}

async function runWith(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...output };
}

describe('the audit of requests', () => {
  test('has the origin of writes, and sums of refusals with the sender, without a secret', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-requests-`);
    const tokens = `${folder}/tokens.json`;
    const boss = await tokenIn(tokens, { name: 'boss', scope: 'admin' });
    const reader = await tokenIn(tokens, { name: 'reader', scope: 'definitions' });
    const served = await serveFolder({ flags: { fees } }, { tokens, trustProxies: ['loopback'] });
    try {
      const send = async (token: string, from: string, body: object): Promise<Response> =>
        fetch(`${served.url}/api/v1/environments/default/flags/fees`, {
          method: 'PATCH',
          headers: {
            ...bearer(token),
            'content-type': 'application/json',
            'if-match': '*',
            'x-forwarded-for': from,
          },
          body: JSON.stringify(body),
        });
      const written = await send(boss, '192.0.2.7', { defaultVariant: 'on' });
      const statuses = [written.status];
      for (const body of [{ defaultVariant: 'off' }, { defaultVariant: 'on' }]) {
        statuses.push((await send(reader, '192.0.2.8', body)).status);
      }
      statuses.push((await send(`${boss}x`, '192.0.2.9', {})).status);
      statuses.push((await send(boss, '192.0.2.7', { defaultVariant: 'maybe' })).status);
      expect(statuses).toEqual([200, 403, 403, 401, 400]);
      const list = async (query = ''): Promise<Record<string, unknown>[]> => {
        const response = await fetch(`${served.url}/api/v1/requests${query}`, { headers: bearer(boss) });
        return ((await response.json()) as { requests: Record<string, unknown>[] }).requests;
      };
      await expect.poll(list, within).toHaveLength(4);
      expect(await list('?outcome=accepted')).toMatchObject([
        { author: 'boss', address: '192.0.2.7', revision: written.headers.get('graylane-revision') },
      ]);
      expect(await list('?q=192.0.2.8')).toMatchObject([
        {
          outcome: 'refused',
          count: 2,
          author: 'reader',
          environment: 'default',
          route: '/api/v1/environments/{environment}/flags/{flag}',
          code: 'forbidden',
        },
      ]);
      expect(await list('?q=UNAUTHENTICATED')).toMatchObject([{ author: null, address: '192.0.2.9' }]);
      const all = JSON.stringify(await list());
      for (const secret of [boss, reader]) expect(all).not.toContain(secret);
      const refused = await fetch(`${served.url}/api/v1/requests?outcome=x`, { headers: bearer(boss) });
      expect(refused.status).toBe(400);
      const { output } = await runCommand(served.url, ['audit', 'reader', '--token', boss]);
      expect(output).toMatch(/2 +192\.0\.2\.8 +reader +PATCH .*403 forbidden/);
    } finally {
      await served.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('has refused streams, evaluations, telemetry and gRPC calls, too', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-refusals-`);
    const tokens = `${folder}/tokens.json`;
    const boss = await tokenIn(tokens, { name: 'boss', scope: 'admin' });
    const edge = await tokenIn(tokens, { name: 'edge', scope: 'evaluate' });
    const served = await serveFolder({ flags: { fees } }, { tokens });
    try {
      const json = { ...bearer(edge), 'content-type': 'application/json' };
      const post = { method: 'POST', headers: json, body: '{}' };
      const sync = '/flagd.sync.v1.FlagSyncService/FetchAllFlags';
      const statuses = await Promise.all([
        fetch(`${served.url}/api/v1/environments/default/stream`, { headers: bearer(edge) }),
        fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body: '{}' }),
        fetch(`${served.url}/v1/metrics`, post),
        fetch(`http://127.0.0.1:${served.grpcPort}${sync}`, post),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([403, 401, 403, 403]);
      const response = await fetch(`${served.url}/api/v1/requests`, { headers: bearer(boss) });
      const { requests } = (await response.json()) as { requests: readonly { route: string }[] };
      const address = '127.0.0.1';
      const denied = {
        outcome: 'refused',
        count: 1,
        status: 403,
        code: 'forbidden',
        author: 'edge',
        address,
      };
      const byRoute = requests.toSorted((one, other) => (one.route < other.route ? -1 : 1));
      expect(byRoute).toMatchObject([
        { ...denied, route: '/api/v1/environments/{environment}/stream', environment: 'default' },
        { ...denied, route: '/flagd.sync.v1.FlagSyncService/{method}' },
        { status: 401, author: null, address, route: '/ofrep/v1/evaluate/flags/{flag}' },
        { ...denied, route: '/v1/metrics' },
      ]);
    } finally {
      await served.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('is bounded: a flood of refusals is summed, and displaces no write', () => {
    const audit = new RequestAudit();
    const request = {
      author: null,
      environment: null,
      method: 'PUT',
      route: '/api/v1/tokens',
      status: 401,
      code: 'unauthenticated',
      revision: null,
    };
    audit.accept({ ...request, author: 'boss', address: '192.0.2.1', status: 200, code: null }, 1000);
    for (let n = 0; n < 2000; n += 1)
      audit.refuse({ ...request, address: `10.0.${n >> 8}.${n & 255}` }, 1000 + n);
    const refused = audit.list({ outcome: 'refused' });
    expect(refused.length).toBeLessThan(510);
    expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe(2000);
    expect(audit.list({ outcome: 'accepted' })).toMatchObject([{ author: 'boss' }]);
    audit.refuse({ ...request, address: '192.0.2.99' }, 10_000_000);
    expect(audit.list({ text: '192.0.2.99' })).toHaveLength(1);
  });
});
