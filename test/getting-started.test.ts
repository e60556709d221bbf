import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks, type CodeBlock } from './support/markdown.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = 'docs/getting-started.md';
const server = `${root}apps/server/bin/graylane-server.js`;

/** The ports that the page names, and free ones to use instead. */
const ports = new Map<string, number>();
const processes = new Map<string, ChildProcess>();
let output = '';
let folder = '';

beforeAll(async () => {
  mkdirSync(`${root}.graylane`, { recursive: true });
  folder = mkdtempSync(`${root}.graylane/getting-started-`);
  for (const port of ['8080', '3000', '3001', '9465', '9466']) ports.set(port, await freePort());
  for (const { info, code } of codeBlocks(page)) {
    const name = /\[(.+)\]/.exec(info)?.[1];
    if (name !== undefined) writeFileSync(`${folder}/${name}`, withFreePorts(code));
  }
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
});

afterAll(() => {
  for (const child of processes.values()) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('the page "Getting started"', () => {
  const steps = codeBlocks(page).filter(({ info }) => ['sh', 'console', 'text'].includes(info));

  test('has services to start and requests to send', () => {
    expect(steps.filter(({ info, code }) => info === 'sh' && starts(code)).length).toBeGreaterThan(2);
    expect(steps.filter(({ info }) => info === 'console').length).toBeGreaterThan(2);
  });

  test('works as written, from top to bottom', async () => {
    for (const step of steps) await follow(step);
  });

  test('has the files that README.md shows', () => {
    const files = codeBlocks(page).filter(({ info }) => info.includes('['));
    const shown = codeBlocks('README.md').filter(({ info }) => info.includes('['));
    expect(shown.length).toBeGreaterThan(0);
    for (const file of shown) expect(files).toContainEqual(file);
  });
});

async function follow({ info, code }: CodeBlock): Promise<void> {
  if (info === 'sh' && starts(code)) await start(code);
  if (info === 'console') await converse(code);
  if (info === 'text') {
    for (const line of code.trim().split('\n')) await expect.poll(() => output).toContain(line.trim());
  }
}

/** Whether a block starts a service; the others install packages. */
function starts(code: string): boolean {
  return /^(?:\w+=\S+ )*(?:node|npx @graylane\/server) /m.test(code);
}

/** Starts the service of the last line, and ends an earlier start of the same one. */
async function start(code: string): Promise<void> {
  const words = withFreePorts(code).trim().split(/\s+/);
  const env = Object.fromEntries(
    words.filter((word) => /^\w+=/.test(word)).map((word) => word.split('=', 2) as [string, string]),
  );
  const command = /^.*?\b(?:node|(npx @graylane\/server)) (.*)$/.exec(
    withFreePorts(code).trim().split('\n').at(-1) ?? '',
  );
  const args = command?.[2]?.split(' ') ?? [];
  const name = command?.[1] ?? args.at(-1) ?? '';
  const earlier = processes.get(name);
  if (earlier?.exitCode === null) {
    earlier.kill('SIGKILL');
    await once(earlier, 'exit');
  }
  const isServer = command?.[1] !== undefined;
  const child = spawn(process.execPath, isServer ? [server, ...args] : args, {
    cwd: folder,
    env: {
      ...process.env,
      ...(isServer && {
        GRAYLANE_PORT: String(ports.get('8080')),
        GRAYLANE_GRPC_PORT: '0',
        GRAYLANE_MANAGEMENT_PORT: '0',
      }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.set(name, child);
  let own = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      own += data.toString();
      output += data.toString();
    });
  }
  await expect.poll(() => own, { message: `${name} starts` }).toMatch(/listens on port|"msg":"serving /);
}

/** Sends the requests of a block; the line below each one is the response. */
async function converse(code: string): Promise<void> {
  for (const exchange of code.split(/^\$ /m).filter((part) => part !== '')) {
    const [command = '', ...lines] = exchange.trimEnd().split('\n');
    const expected = lines.join('\n');
    // A changed flag reaches the services within a moment.
    await expect.poll(() => curl(withFreePorts(command))).toMatch(pattern(expected));
  }
}

/** The part of curl that the page uses. */
async function curl(command: string): Promise<string> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const option = (name: string): string[] =>
    words.flatMap((word, index) => (word === name ? [words[index + 1] ?? ''] : []));
  const url = words.find((word) => word.startsWith('localhost:')) ?? '';
  const response = await fetch(`http://${url.replace('localhost', '127.0.0.1')}`, {
    method: option('-X')[0] ?? 'GET',
    headers: option('-H').map((header) => header.split(': ', 2) as [string, string]),
    body: option('-d')[0] ?? null,
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const [grep] = option('grep');
  if (grep !== undefined)
    return text
      .split('\n')
      .filter((line) => new RegExp(grep).test(line))
      .join('\n');
  return option('-o').length > 0 ? '' : text;
}

/** An expected output; `…` stands for anything. */
function pattern(expected: string): RegExp {
  return new RegExp(
    `^${expected
      .split('…')
      .map((part) => escaped(part))
      .join('.*')}$`,
  );
}

function withFreePorts(code: string): string {
  return code.replaceAll(/\b(?:8080|3000|3001|9465|9466)\b/g, (port) => String(ports.get(port)));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function escaped(literal: string): string {
  return literal.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
