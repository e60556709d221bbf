import type { Log } from '../log.ts';
import type { Intake } from '../signals/intake.ts';
import type { Environments } from '../store/environments.ts';
import { soleLeadership } from '../store/leadership.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { EnvironmentUsage } from './environment-usage.ts';
import { samplesOf } from './usage-report.ts';

/** The parts that a keeper works with. */
export interface UsageKeeperOptions {
  readonly environments: Environments;
  readonly intake: Intake;
  readonly log: Log;
  /** How often counts are stored, in milliseconds. Default: one minute. */
  readonly saveEveryMs?: number;
  /** The clock. Default: the real one. */
  readonly now?: () => number;
}

/**
 * Keeps how often which flag is evaluated in each environment: reports of providers, and the
 * evaluations of this server. The counts are stored beside the flags, as durable as these, once a
 * minute. A store that can't be written keeps them as long as the process.
 */
export class UsageKeeper {
  readonly #environments: Environments;
  readonly #log: Log;
  readonly #usages = new Map<FlagStore, EnvironmentUsage>();
  readonly #opening = new Set<Promise<void>>();
  readonly #ends: ReadonlyArray<() => void>;
  readonly #timer: NodeJS.Timeout;
  /** Whether other servers may use the same store. */
  readonly #isShared: boolean;
  #saving: Promise<void> = Promise.resolve();
  #trouble = '';

  /** Resolves when it has read what was stored before. */
  static async open(options: UsageKeeperOptions): Promise<UsageKeeper> {
    const keeper = new UsageKeeper(options);
    await Promise.all(keeper.#opening);
    return keeper;
  }

  private constructor(options: UsageKeeperOptions) {
    const { environments, intake, log, saveEveryMs = 60_000, now = Date.now } = options;
    this.#environments = environments;
    this.#log = log;
    this.#isShared = environments.leadership !== soleLeadership;
    this.#ends = [
      environments.onCreate((_name, store) => {
        const opening = this.#open(store, now).finally(() => this.#opening.delete(opening));
        this.#opening.add(opening);
      }),
      environments.onRemove((_name, store) => {
        this.#usages.get(store)?.close();
        this.#usages.delete(store);
      }),
      intake.onMetrics((received) => {
        const store = environments.get(received.environment);
        const usage = store && this.#usages.get(store);
        if (usage) for (const sample of samplesOf(received)) usage.add(sample);
      }),
    ];
    this.#timer = setInterval(() => {
      this.#saving = this.#saving.then(() => this.#save());
    }, saveEveryMs);
    this.#timer.unref();
  }

  /** The usage of an environment; undefined for a moment after it was created. */
  of(store: FlagStore): EnvironmentUsage | undefined {
    return this.#usages.get(store);
  }

  /** Stores the counts once more. Call it before the stores close. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const end of this.#ends) end();
    await this.#saving;
    await this.#save();
    for (const usage of this.#usages.values()) usage.close();
  }

  async #open(store: FlagStore, now: () => number): Promise<void> {
    const usage = await EnvironmentUsage.open(store, now);
    const exists = this.#environments.names.some((name) => this.#environments.get(name) === store);
    if (exists) this.#usages.set(store, usage);
    else usage.close();
  }

  async #save(): Promise<void> {
    for (const [store, usage] of this.#usages) {
      if (store.health().readOnly) continue;
      try {
        await usage.save();
        if (this.#isShared) await usage.refresh();
      } catch (error) {
        this.#complain(`the usage of flags could not be stored: ${(error as Error).message}`);
      }
    }
  }

  /** A disk that is full stays so for long. */
  #complain(message: string): void {
    if (message !== this.#trouble) this.#log.warn(message);
    this.#trouble = message;
  }
}
