import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuOf, memoryOf } from './server-process.ts';

const script = fileURLToPath(new URL('bare-server.ts', import.meta.url));

/** A response that a bare server sends again, with its headers. */
export interface SameResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string | readonly string[] | undefined])[];
  readonly body: string;
}

/**
 * A bare server in a process of its own: the baseline for a flag server that sends the same bytes.
 */
export class BareProcess {
  readonly port: number;
  readonly #process: ChildProcess;

  /** `execArgv` are further options of Node. */
  static async start(
    kind: 'answer' | 'http' | 'stream',
    bytes: string,
    execArgv: readonly string[] = [],
  ): Promise<BareProcess> {
    const child = fork(script, [kind, bytes], { execArgv: [...execArgv, '--import', 'tsx'] });
    const [{ ready }] = (await once(child, 'message')) as [{ ready: number }];
    return new BareProcess(ready, child);
  }

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
  }

  /** Its resident memory, in bytes. */
  get memory(): number {
    return memoryOf(this.#process.pid ?? 0);
  }

  /** The CPU time that it has taken so far, in microseconds. */
  get cpu(): number {
    return cpuOf(this.#process.pid ?? 0);
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}
