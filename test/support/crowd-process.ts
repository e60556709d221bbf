import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('crowd.ts', import.meta.url));

/**
 * Many clients of a server's change stream, in a process of their own, which has descriptors of its
 * own.
 */
export class CrowdProcess {
  readonly #process: ChildProcess;

  /**
   * Resolves when all streams are open. `reads` sets whether the clients go on reading after the
   * first bytes.
   */
  static async open(
    port: number,
    count: number,
    { reads = true, heartbeatS = 15 }: { readonly reads?: boolean; readonly heartbeatS?: number } = {},
  ): Promise<CrowdProcess> {
    const child = fork(
      script,
      [String(port), String(count), reads ? 'reads' : 'stalls', String(heartbeatS)],
      {
        execArgv: ['--import', 'tsx'],
      },
    );
    const [report] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (report !== 'open') throw new Error(`${count} streams could not be opened`);
    return new CrowdProcess(child);
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /**
   * How long it takes from the beginning of a change until the last client has all of it, in
   * milliseconds.
   */
  async hear(change: () => Promise<void>): Promise<number> {
    this.#process.send('listen');
    await once(this.#process, 'message');
    const heard = once(this.#process, 'message');
    const start = performance.now();
    const changed = change();
    await heard;
    const elapsed = performance.now() - start;
    await changed;
    return elapsed;
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}
