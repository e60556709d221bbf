import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';
import type { FlagdQuestions } from './flagd-questions.ts';

const folder =
  process.env['GRAYLANE_PYTHON'] ?? fileURLToPath(new URL('../../../.graylane/python', import.meta.url));
const script = fileURLToPath(new URL('ask-flagd.py', import.meta.url));
const execute = promisify(execFile);

/**
 * Python's OpenFeature SDK with its flagd provider: a client that shares no code with ours, nor
 * with JavaScript's.
 */
export const pythonFlagd: Component = {
  id: 'python',
  name: "Python's OpenFeature flagd provider",
  remedy: 'run test/components/install/python.sh',
  available: () => existsSync(`${folder}/bin/python`),
};

/**
 * The result of Python's client for each evaluation: `value`, `variant`, `reason`, `error_code`.
 */
export async function askPython(asked: FlagdQuestions): Promise<Record<string, unknown>[]> {
  const { stdout } = await execute(`${folder}/bin/python`, [script, JSON.stringify(asked)], {
    timeout: 100_000,
  });
  return JSON.parse(stdout) as Record<string, unknown>[];
}
