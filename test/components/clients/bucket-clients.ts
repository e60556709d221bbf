import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';
import { pythonFlagd } from './python-flagd.ts';

/** A flagd client of another language, which evaluates the "flag key" lines of a file. */
export interface BucketClient {
  readonly component: Component;
  /** The values, one a line. */
  evaluate(flagsFile: string, linesFile: string): Promise<string[]>;
}

const execute = promisify(execFile);
const installed = (path: string): string =>
  fileURLToPath(new URL(`../../../.graylane/${path}`, import.meta.url));
const source = (path: string): string => fileURLToPath(new URL(`buckets/${path}`, import.meta.url));
const python = process.env['GRAYLANE_PYTHON'] ?? installed('python');

/** Java's flagd provider 0.11.15, in-process. */
export const javaClient: BucketClient = client(
  'java',
  "Java's flagd provider",
  'java/classes/Buckets.class',
  (files) =>
    run('java', ['-cp', `${installed('java/classes')}:${installed('java/lib')}/*`, 'Buckets', ...files]),
);

/** Rust's open-feature-flagd 0.3.0, in-process; see also `askRustByRpc`. */
export const rustClient: BucketClient = client(
  'rust',
  "Rust's flagd provider",
  'rust/target/debug/buckets',
  (files) => run(installed('rust/target/debug/buckets'), files),
);

/**
 * The values that Rust's flagd provider gets by RPC for "type flag lane" lines of a file; of an
 * error, its code.
 */
export async function askRustByRpc(port: number, linesFile: string): Promise<string[]> {
  return run(installed('rust/target/debug/buckets'), ['rpc', String(port), linesFile]);
}

/**
 * flagd's own algorithm with the hash library of flagd: its evaluator is not on the module proxy.
 */
export const goClient: BucketClient = client(
  'go',
  "the Go libraries of flagd's evaluator",
  'go/buckets',
  (files) => run(installed('go/buckets'), ['buckets', ...files]),
);

/** Python's openfeature-provider-flagd 0.6.1, in-process. */
export const pythonClient: BucketClient = {
  component: pythonFlagd,
  evaluate: (...files) => run(`${python}/bin/python`, [source('buckets.py'), ...files]),
};

/**
 * The results of [rule, data] pairs by flagd's JsonLogic library, as JSON or `error`, one a line.
 */
export function applyGoRules(casesFile: string): Promise<string[]> {
  return run(installed('go/buckets'), ['rules', casesFile]);
}

function client(
  id: string,
  name: string,
  file: string,
  evaluate: (files: readonly string[]) => Promise<string[]>,
): BucketClient {
  const component: Component = {
    id,
    name,
    remedy: `run test/components/install/buckets.sh ${id}`,
    available: () => existsSync(installed(file)),
  };
  return { component, evaluate: (...files) => evaluate(files) };
}

async function run(command: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await execute(command, args, { timeout: 100_000, maxBuffer: 2 ** 24 });
  return stdout.trimEnd().split('\n');
}
