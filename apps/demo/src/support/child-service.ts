import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServiceReport } from './service.ts';
import { managementPortOf, telemetrySettings } from './telemetry-settings.ts';

const patienceMs = 60_000;
const telemetry = import.meta.resolve('@graylane/telemetry/register');

/** The environment of a service, beside that of this process. */
interface ShopSettings extends NodeJS.ProcessEnv {
  readonly GRAYLANE_URL: string;
}

/** One process of the demo: a service of the shop, or the flag server. */
export class ChildService {
  readonly name: string;
  readonly #process: ChildProcess;
  #stopping = false;

  /** Starts a service of the shop, with telemetry loaded before it. */
  static shop(name: string, settings: ShopSettings): ChildService {
    const file = fileURLToPath(new URL(`../services/${name}.js`, import.meta.url));
    return new ChildService(
      name,
      fork(file, [], {
        execArgv: ['--import', telemetry],
        env: {
          ...telemetrySettings(name, settings.GRAYLANE_URL),
          ...process.env,
          ...managementPortOf(name),
          ...settings,
        },
      }),
    );
  }

  /** Starts the flag server on one flags file. Its ports come from `GRAYLANE_PORT` and the like. */
  static flagServer(flagsFile: string): ChildService {
    const bin = new URL('bin/graylane-server.js', import.meta.resolve('@graylane/server/package.json'));
    return new ChildService('flag server', fork(fileURLToPath(bin), ['--flags', flagsFile]));
  }

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#process = child;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Resolves with the service's port when it listens. Rejects with the service's message if it
   * can't start.
   */
  async ready(): Promise<number> {
    const port = await this.#report();
    this.#process.once('exit', (code, signal) => {
      if (!this.#stopping)
        console.error(`graylane: ${this.name} ended (${signal ?? `exit code ${code}`}); the others go on`);
    });
    return port;
  }

  /** Stops reporting the end of the process: Ctrl-C reaches the process, too. */
  expectEnd(): void {
    this.#stopping = true;
  }

  /** Terminates the process and waits for its end. */
  async stop(): Promise<void> {
    this.expectEnd();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
  }

  async #report(): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`${this.name} was not ready within ${patienceMs / 1000} s`));
      }, patienceMs);
      this.#process.once('message', (message) => {
        clearTimeout(late);
        const report = message as ServiceReport;
        if ('ready' in report) resolve(report.ready);
        else reject(new Error(`${this.name} can't start: ${report.failed}`));
      });
      this.#process.once('exit', (code) => {
        clearTimeout(late);
        reject(
          new Error(`${this.name} ended before it was ready (exit code ${code}); its messages are above`),
        );
      });
    });
  }
}
