import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('chain-process.js', import.meta.url));

/** The services of the demo's chain, each in a process of its own, the last one first. */
export const services = ['payments', 'orders', 'gateway'] as const;

/** The chain of the demo without Kafka: HTTP to the gateway and to orders, gRPC to payments. */
export class Chain {
  readonly #processes: readonly ChildProcess[];
  /** Of the gateway. */
  readonly origin: string;

  /** `optionsOf` are the options of Node for a service. */
  static async start(
    mode: 'bare' | 'graylane',
    optionsOf: (service: string) => readonly string[] = () => [],
  ): Promise<Chain> {
    const processes: ChildProcess[] = [];
    let next = '';
    for (const service of services) {
      const env = { ...process.env, MODE: mode, SERVICE: service, NEXT: next };
      const child = fork(script, { execArgv: ['--import', 'tsx', ...optionsOf(service)], env });
      const [port] = (await once(child, 'message')) as [number];
      next = service === 'payments' ? `127.0.0.1:${port}` : `http://127.0.0.1:${port}`;
      processes.push(child);
    }
    return new Chain(processes, next);
  }

  private constructor(processes: readonly ChildProcess[], origin: string) {
    this.#processes = processes;
    this.origin = origin;
  }

  /** Microseconds of CPU time of all three. */
  async cpu(): Promise<number> {
    const each = this.#processes.map(async (child) => {
      child.send('cpu');
      const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
      return user + system;
    });
    return (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.toReversed()) {
      child.disconnect();
      await once(child, 'exit');
    }
  }
}
