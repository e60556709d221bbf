import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { readCommand } from '../../../apps/server/src/cli/read-command.ts';
import type { ShellCommand } from './shell.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifest = json('package.json') as { readonly scripts: Record<string, string> };
const lock = json('package-lock.json') as { readonly packages: Record<string, unknown> };

/** System programs that an example may call; `bash -n` checks the form of their lines. */
const programs = ['cd', 'mkdir', 'sleep'];

/**
 * Checks a command that no test executes against the sources of the program that it calls.
 * `exported` holds the variables that the page exports above it.
 */
export function checkCommand({ env, words }: ShellCommand, exported: Record<string, string>): void {
  const [program = '', ...args] = words;
  for (const name of Object.keys(env)) expectKnownVariable(name);
  if (program === 'export') {
    for (const [name, value] of args.map((arg) => arg.split(/=(.*)/s))) {
      expectKnownVariable(name ?? '');
      exported[name ?? ''] = value ?? '';
    }
  } else if (program === 'graylane-server') checkServer(args, { ...exported, ...env }, exported);
  else if (program === 'npx' && args[0] === '@graylane/server')
    checkServer(args.slice(1), { ...exported, ...env }, exported);
  else if (program === 'npm') checkNpm(args);
  else if (program === 'node') checkNode(args);
  else if (program === 'curl') checkCurl(args);
  else expect(programs).toContain(program);
}

function checkServer(
  args: readonly string[],
  env: Record<string, string>,
  exported: Record<string, string>,
): void {
  const given = args.map((arg) =>
    arg.replaceAll(/\$(\w+)/g, (_all, name: string) => exported[name] ?? `$${name}`),
  );
  expect(given.join(' ')).not.toMatch(/\$[A-Z]/);
  const command = readCommand(given, env);
  if (command.name === 'explain' && command.context !== undefined) JSON.parse(command.context);
  if (command.name === 'set') for (const change of command.changes) expect(change).toMatch(/^\w+=./);
}

/** Installed packages are in the lock file; scripts are those of this repository. */
function checkNpm([verb = '', ...args]: readonly string[]): void {
  if (verb === 'install') {
    const names = args.filter((arg) => !arg.startsWith('-')).flatMap((arg) => installedNames(arg));
    for (const name of names) expect(Object.keys(lock.packages)).toContain(`node_modules/${name}`);
  } else if (!['init', 'pack', 'pkg'].includes(verb)) {
    expect(Object.keys(manifest.scripts)).toContain(verb === 'run' ? args[0] : verb);
  }
}

/** The packages of `name@version`, or of our tarballs: `/tmp/graylane-{flags,server}-*.tgz`. */
function installedNames(operand: string): string[] {
  const [, tarballs] = /^\/tmp\/graylane-\{(.*)\}-\*\.tgz$/.exec(operand) ?? [];
  if (tarballs !== undefined) return tarballs.split(',').map((name) => `@graylane/${name}`);
  return [operand.replace(/(?<=.)@.*$/, '')];
}

function checkNode(args: readonly string[]): void {
  const [, entry] = /--import (@graylane\/\S+)/.exec(args.join(' ')) ?? [];
  if (entry === undefined) return;
  const [, name = '', path = ''] = /^@graylane\/(\w+)(.*)$/.exec(entry) ?? [];
  const { exports } = json(`packages/${name}/package.json`) as { readonly exports: object };
  expect(Object.keys(exports)).toContain(`.${path}`);
}

/** The request goes to the gateway of the demo. */
function checkCurl(args: readonly string[]): void {
  const address = args.find((arg) => /^(?:http:\/\/)?[\w.]+:\d+\//.test(arg)) ?? '';
  const url = new URL(address.replace(/^(?!http)/, 'http://'));
  expect(url.port).toBe('3000');
  expect(readFileSync(`${root}apps/demo/src/services/gateway.ts`, 'utf8')).toContain(`'${url.pathname}'`);
}

/** The variables of graylane occur in its sources; the others belong to other programs. */
function expectKnownVariable(name: string): void {
  if (!name.startsWith('GRAYLANE_')) return;
  expect(sources().includes(name), `a package reads the variable ${name}`).toBe(true);
}

let read: string | undefined;
function sources(): string {
  read ??= ['packages', 'apps']
    .flatMap((folder) => readdirSync(`${root}${folder}`).map((name) => `${root}${folder}/${name}/src`))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(`${folder}/${file}`, 'utf8')),
    )
    .join('\n');
  return read;
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(`${root}${path}`, 'utf8'));
}
