import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The program `graylane-server`. */
export const serverProgram: string = fileURLToPath(
  new URL('../../apps/server/bin/graylane-server.js', import.meta.url),
);

/** How the process is started. */
export interface ServerProcessOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The limit of open files, as `ulimit -n` sets it. Default: that of this process. */
  readonly openFiles?: number;
  /** A command that runs another one, e.g. in a mount namespace. Default: none. */
  readonly within?: readonly string[];
  /** Further options of the command line. Default: none. */
  readonly options?: readonly string[];
  /** Further variables of its environment. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A flag server in a process of its own, as operators run it.
 * It can't outlive this process.
 */
export class ServerProcess {
  readonly folder: string;
  readonly #source: readonly string[];
  readonly #within: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #output = '';
  port = 0;
  grpcPort = 0;
  managementPort = 0;

  static async start(document: object, options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(undefined, options);
    server.write(document);
    await server.start(options);
    return server;
  }

  /** Serves a data folder, which the caller removes. */
  static async startOn(data: string, options: ServerProcessOptions = {}): Promise<ServerProcess> {
    return ServerProcess.startWith(['--data', data], options);
  }

  /** Serves the source that these options name. */
  static async startWith(
    source: readonly string[],
    options: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess(source, options);
    await server.start(options);
    return server;
  }

  private constructor(
    given: readonly string[] | undefined,
    { within = [], options = [], env = {} }: ServerProcessOptions,
  ) {
    this.folder = mkdtempSync(`${tmpdir()}/graylane-chaos-`);
    const source = given ?? ['--flags', `${this.folder}/flags.json`];
    this.#source = [...source, ...options];
    this.#within = within;
    this.#env = env;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Whether the process runs. */
  get running(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /** Its output, in all its runs. */
  get output(): string {
    return this.#output;
  }

  /** Its resident memory, in bytes. */
  get memory(): number {
    return memoryOf(this.pid);
  }

  /** Puts another flags file in the place of the old one, at once. */
  write(document: object): void {
    writeFileSync(`${this.folder}/flags.tmp`, JSON.stringify(document));
    renameSync(`${this.folder}/flags.tmp`, `${this.folder}/flags.json`);
  }

  /** Starts it, or starts it again on the ports that it had. */
  async start({ port = this.port, openFiles }: ServerProcessOptions = {}): Promise<void> {
    const flags = [
      this.#source,
      ['--port', String(port)],
      ['--grpc-port', String(this.grpcPort)],
      ['--management-port', String(this.managementPort)],
    ].flat();
    const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
    const script = `${limit}exec "$@"`;
    const [command, ...args] = [
      ...this.#within,
      'bash',
      '-c',
      script,
      'bash',
      process.execPath,
      serverProgram,
      ...flags,
    ];
    const child = spawn(command ?? 'bash', args, {
      env: { ...process.env, ...this.#env },
      // The server ends with the channel to its parent.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    const from = this.#output.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    // It is closed, rather than gone, when all that it has printed has been read.
    const closed = once(child, 'close');
    const [report] = (await Promise.race([once(child, 'message'), closed])) as [unknown];
    if (typeof report !== 'object' || report === null || !('ready' in report)) {
      await closed;
      throw new Error(`the server did not start:\n${this.#output.slice(from)}`);
    }
    const said = /http (\d+), grpc (\d+), management (\d+)/;
    while (!said.test(this.#output.slice(from))) await new Promise((resolve) => setTimeout(resolve, 5));
    const [, http, grpc, management] = said.exec(this.#output.slice(from)) ?? [];
    [this.port, this.grpcPort, this.managementPort] = [Number(http), Number(grpc), Number(management)];
  }

  /** The CPU time that it has taken so far, in microseconds. */
  get cpu(): number {
    return cpuOf(this.pid);
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** Ends it with a signal and waits until it is gone. */
  async stop(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#process === undefined || !this.running) return;
    const gone = once(this.#process, 'exit');
    this.signal(name);
    await gone;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  const [, kB = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kB) * 1024;
}

/** The CPU time that the threads of a process have taken so far, in microseconds. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    } catch {
      // It has just ended.
      return '0';
    }
  });
  return threads.reduce((sum, times) => sum + Number.parseInt(times, 10), 0) / 1000;
}
