import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

// The program ends when our end of the pipe closes: on purpose, or because this process was killed.
const supervisor = 'exec 3<&0; "$@" <&- 3<&- & program=$!; (read -r _ <&3; kill -9 $program) & wait $program';

/** A program that can't outlive this process, and whose output can be waited for. */
export class Supervised {
  readonly #process: ChildProcess;
  readonly #command: string;
  #output = '';
  #listener: (() => void) | undefined;

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#process = spawn('sh', ['-c', supervisor, 'sh', command, ...args]);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-100_000);
        this.#listener?.();
      });
    }
    this.#process.once('exit', () => this.#listener?.());
  }

  /**
   * The match in the output; throws with the output if the program ends before, or does not print
   * it in time.
   */
  async said(words: RegExp, withinMs = 60_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(`did not say ${words} within ${withinMs} ms`), withinMs);
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listener = undefined;
        settle();
      };
      const fail = (why: string): void =>
        done(() => reject(new Error(`${this.#command} ${why}:\n${this.#output}`)));
      this.#listener = () => {
        const match = words.exec(this.#output);
        if (match !== null) done(() => resolve(match));
        else if (this.#process.exitCode !== null) fail(`ended with ${this.#process.exitCode}`);
      };
      this.#listener();
    });
  }

  /** Kills the program and waits until it is gone. */
  async close(): Promise<void> {
    const gone = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.stdin?.end();
    await gone;
  }
}

/**
 * A free port below those that the system gives to connections, one of which could take the port
 * before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const [event] = await Promise.race([
      once(probe.listen(port, '127.0.0.1'), 'listening').then(() => ['free']),
      once(probe, 'error').then(() => ['taken']),
    ]);
    if (event === 'taken') continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
