import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';
import type { FlagdQuestions } from './flagd-questions.ts';

const folder =
  process.env['GRAYLANE_JAVA_FLAGD'] ??
  fileURLToPath(new URL('../../../.graylane/java-flagd', import.meta.url));
const execute = promisify(execFile);

/** OpenFeature's SDK for Java with its flagd provider. */
export const javaFlagd: Component = {
  id: 'java-flagd',
  name: "Java's OpenFeature flagd provider",
  remedy: 'install a JDK and Maven and run test/components/install/java-flagd.sh',
  available: () => existsSync(`${folder}/AskFlagd.class`),
};

/**
 * The provider's result for each question: `value`, `variant`, `reason`, `errorCode`, `message`. In
 * RPC mode it does not send the selector of its options, so an interceptor sends it.
 */
export async function askJava(asked: FlagdQuestions): Promise<Record<string, unknown>[]> {
  const args = ['-cp', `${folder}:${folder}/lib/*`, 'AskFlagd', JSON.stringify(asked)];
  const { stdout } = await execute('java', args, { timeout: 100_000 });
  return JSON.parse(stdout) as Record<string, unknown>[];
}
