import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `/checkout` answers. */
export interface Checkout {
  readonly traceId: string;
  readonly lane: string;
  readonly total: number;
  readonly hops: readonly Hop[];
}

export interface Hop {
  readonly service: string;
  readonly transport: string;
  readonly lane: string;
  readonly flags: Readonly<
    Record<string, { readonly value: unknown; readonly variant: string; readonly reason: string }>
  >;
}

/** A demo, and the Node that runs it. */
export interface Installation {
  readonly node: string;
  readonly demo: string;
}

const workspace: Installation = {
  node: process.execPath,
  demo: `${root}apps/demo/bin/graylane-demo.js`,
};

/** Headers of a request that the demo's dye rule makes gray, and that gets the new fee. */
export const grayHeaders = { 'x-user-id': 'ada', 'x-tenant-id': 'internal', 'x-region': 'cn-shenzhen' };

/**
 * The real demo on free ports, over its own copy of the flags file. Needs the build, which `npm
 * test` makes.
 */
export class Shop {
  readonly flagsFile: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #output = '';
  /** Whether it has ended, and all that it has printed has been read. */
  #ended = false;

  static async open(
    environment: NodeJS.ProcessEnv = {},
    installation: Installation = workspace,
  ): Promise<Shop> {
    const shop = new Shop(environment, installation);
    await shop.said(/Ctrl-C stops everything/);
    return shop;
  }

  private constructor(environment: NodeJS.ProcessEnv, { node, demo }: Installation) {
    this.#folder = mkdtempSync(`${tmpdir()}/graylane-shop-`);
    this.flagsFile = `${this.#folder}/flags.json`;
    copyFileSync(`${root}apps/demo/flags.json`, this.flagsFile);
    const freePorts = Object.fromEntries(
      ['GRAYLANE_PORT', 'GRAYLANE_GRPC_PORT', 'GRAYLANE_MANAGEMENT_PORT', 'GATEWAY_PORT'].map((name) => [
        name,
        '0',
      ]),
    );
    const { KAFKA_BROKERS: _unset, ...inherited } = process.env;
    this.#process = spawn(node, [demo], {
      env: {
        ...inherited,
        ...freePorts,
        GRAYLANE_FLAGS: this.flagsFile,
        GRAYLANE_DEMO_TELEMETRY: 'off',
        GRAYLANE_DEMO_TRAFFIC: 'off',
        ...environment,
      },
    });
    this.#process.once('close', () => (this.#ended = true));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output;
  }

  /** The lines of JSON that its processes have logged so far. */
  get logged(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.#output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  get gateway(): string {
    return this.#found(/gateway +ready on (\S+)/);
  }

  get flagServer(): string {
    return this.#found(/flag server +ready on (\S+)/);
  }

  get flagServerPid(): number {
    return Number(/kill (\d+)/.exec(this.#output)?.[1]);
  }

  async checkout(headers: Record<string, string> = {}): Promise<Checkout> {
    const answer = await fetch(`${this.gateway}/checkout`, { headers });
    if (!answer.ok)
      throw new Error(`checkout answered ${answer.status}: ${await answer.text()}\n${this.#output}`);
    return (await answer.json()) as Checkout;
  }

  /** The ledger's hop of a trace, waiting until the message has been consumed. */
  async ledgerHop(traceId: string): Promise<Hop> {
    return eventually(async () => {
      const answer = await fetch(`${this.gateway}/ledger/${traceId}`);
      if (answer.status !== 200)
        throw new Error(`the ledger answered ${answer.status}: ${await answer.text()}`);
      return (await answer.json()) as Hop;
    });
  }

  /** Waits until something has been printed. */
  async said(words: RegExp): Promise<void> {
    await eventually(async () => {
      if (words.test(this.#output)) return;
      if (this.#ended) throw new Stopped(`the demo ended before it said ${words}:\n${this.#output}`);
      throw new Error(`the demo did not say ${words}:\n${this.#output}`);
    }, 90_000);
  }

  /** Sends the signal of Ctrl-C, and returns the exit code. */
  async close(): Promise<number | null> {
    if (this.#process.exitCode === null) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGINT');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    return this.#process.exitCode;
  }

  #found(pattern: RegExp): string {
    const address = pattern.exec(this.#output)?.[1];
    if (address === undefined) throw new Error(`the demo did not say where: ${pattern}\n${this.#output}`);
    return `http://${address}`;
  }
}

/** An attempt that can't succeed any more. */
class Stopped extends Error {}

/** Repeats an attempt until it succeeds; throws its last error when the time is up. */
export async function eventually<T>(attempt: () => Promise<T>, withinMs = 20_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Stopped || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
