import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const setupScript = fileURLToPath(
  new URL('../../packages/baggage/test/instrumented/setup.js', import.meta.url),
);
const serverScript = fileURLToPath(new URL('express-process.js', import.meta.url));

/** How Node runs the server. */
export interface ExpressServerOptions {
  /** Options of Node. Default: none. */
  readonly execArgv?: readonly string[];
  /** Default: the Node that runs this process. */
  readonly execPath?: string;
}

/** A server of express in a process of its own, which reports its cost so far. */
export class ExpressServer {
  readonly #process: ChildProcess;
  readonly origin: string;

  /** `mode` is one of `express-process.js`. */
  static async start(
    mode: string,
    { execArgv = [], execPath = process.execPath }: ExpressServerOptions = {},
  ): Promise<ExpressServer> {
    const setup = [...execArgv, ...(mode === 'instrumented' ? ['--import', setupScript] : [])];
    const env = { ...process.env, MODE: mode, LIBRARY: 'express', PROPAGATOR: 'stock' };
    const child = fork(serverScript, { execArgv: setup, execPath, env });
    const [port] = (await once(child, 'message')) as [number];
    return new ExpressServer(child, `http://127.0.0.1:${port}`);
  }

  private constructor(child: ChildProcess, origin: string) {
    this.#process = child;
    this.origin = origin;
  }

  /** Microseconds of CPU time. */
  async cpu(): Promise<number> {
    this.#process.send('cpu');
    const [{ user, system }] = (await once(this.#process, 'message')) as [NodeJS.CpuUsage];
    return user + system;
  }

  async stop(): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}
