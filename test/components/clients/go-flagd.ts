import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';

const program =
  process.env['GRAYLANE_GO_FLAGD'] ??
  fileURLToPath(new URL('../../../.graylane/go-flagd/ask-flagd', import.meta.url));
const execute = promisify(execFile);

/**
 * The client for Go that is generated from flagd's schema, which flagd's provider for Go uses in
 * RPC mode.
 */
export const goFlagd: Component = {
  id: 'go-flagd',
  name: "flagd's client for Go",
  remedy: 'install Go and run test/components/install/go-flagd.sh',
  available: () => existsSync(program),
};

/** The evaluation that the client requests, and its environment. */
export interface GoQuestions {
  readonly port: number;
  readonly selector?: string;
  readonly questions: ReadonlyArray<{
    readonly key: string;
    readonly type: string;
    readonly context: object;
  }>;
}

/** The client's result for one question: a value, or the code and message of an error. */
export interface GoResult {
  readonly value: unknown;
  readonly variant?: string;
  readonly reason?: string;
  readonly code?: string;
  readonly message?: string;
}

/** Evaluates by the client for Go; `event` is the first event of its event stream. */
export async function askGo(asked: GoQuestions): Promise<{ event: string; results: GoResult[] }> {
  const { stdout } = await execute(program, [JSON.stringify(asked)], { timeout: 100_000 });
  return JSON.parse(stdout) as { event: string; results: GoResult[] };
}
