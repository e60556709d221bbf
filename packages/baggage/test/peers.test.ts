import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const execute = promisify(execFile);

/**
 * The code of a user with the peer of one adapter only, and the packages that its types need.
 */
const subpaths = [
  ['', "import { getActiveLane as used } from '@graylane/baggage';", [], []],
  ['/express', "import { baggageMiddleware as used } from '@graylane/baggage/express';", ['express'], []],
  ['/connect', "import { baggageMiddleware as used } from '@graylane/baggage/connect';", [], []],
  ['/koa', "import { baggageMiddleware as used } from '@graylane/baggage/koa';", [], []],
  ['/hono', "import { baggageMiddleware as used } from '@graylane/baggage/hono';", [], []],
  ['/fastify', "import { baggagePlugin as used } from '@graylane/baggage/fastify';", [], []],
  ['/http', "import { baggageListener as used } from '@graylane/baggage/http';", [], []],
  ['/fetch', "import { baggageFetch as used } from '@graylane/baggage/fetch';", [], []],
  ['/undici', "import { baggageInterceptor as used } from '@graylane/baggage/undici';", ['undici'], []],
  [
    '/grpc',
    "import { baggageClientInterceptor as used } from '@graylane/baggage/grpc';",
    ['@grpc/grpc-js'],
    [],
  ],
  ['/kafka', "import { withBaggageProducer as used } from '@graylane/baggage/kafka';", [], []],
] as const;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-peers-`);
  const pack = ['pack', '--silent', '--pack-destination', folder];
  execFileSync('npm', pack, { cwd: `${root}packages/baggage`, shell: process.platform === 'win32' });
  const [archive = ''] = readdirSync(folder);
  execFileSync('tar', ['-xf', archive], { cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(subpaths)('@graylane/baggage%s', (subpath, statement, peers, types) => {
  test('runs beside its own peer alone', async () => {
    const project = install(`runs${subpath}`, peers);
    writeFileSync(`${project}/user.js`, `${statement}\nconsole.log(typeof used);\n`);
    expect((await execute(process.execPath, ['user.js'], { cwd: project })).stdout).toBe('function\n');
  });

  test('has types beside its own peer alone', async () => {
    const project = install(`types${subpath}`, [...peers, ...types, '@types/node']);
    writeFileSync(`${project}/user.ts`, `${statement}\nexport const wrong: number = used;\n`);
    writeFileSync(
      `${project}/tsconfig.json`,
      JSON.stringify({
        compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
      }),
    );
    const compiled = execute(process.execPath, [`${root}node_modules/typescript/bin/tsc`], { cwd: project });
    // The one expected error: with a type that did not resolve it would be missing.
    await expect(compiled).rejects.toMatchObject({
      stdout: expect.stringMatching(/^user\.ts\(2,14\): error TS2322: [^\n]+\n?$/) as unknown,
    });
  });
});

test('only gRPC needs its peer to run', async () => {
  const project = install('none', []);
  const needy: string[] = [];
  for (const [subpath, statement] of subpaths) {
    writeFileSync(`${project}/user.js`, statement);
    await execute(process.execPath, ['user.js'], { cwd: project }).catch((error: Error) => {
      expect(error.message).toContain("Cannot find module '@grpc/grpc-js'");
      needy.push(subpath);
    });
  }
  expect(needy).toEqual(['/grpc']);
});

/**
 * A project with our package as npm would install it, OpenTelemetry's API, and some other packages.
 */
function install(name: string, packages: readonly string[]): string {
  const project = `${folder}/projects/${name.replace('/', '-')}`;
  mkdirSync(`${project}/node_modules/@graylane`, { recursive: true });
  writeFileSync(`${project}/package.json`, '{ "type": "module", "private": true }');
  cpSync(`${folder}/package`, `${project}/node_modules/@graylane/baggage`, { recursive: true });
  for (const one of ['@opentelemetry/api', ...packages]) {
    mkdirSync(dirname(`${project}/node_modules/${one}`), { recursive: true });
    symlinkSync(`${root}node_modules/${one}`, `${project}/node_modules/${one}`, 'junction');
  }
  return project;
}
