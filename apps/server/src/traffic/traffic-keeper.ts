import type { Intake } from '../signals/intake.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { LaneTraffic } from './lanes/lane-traffic.ts';
import { Traces } from './map/traces.ts';
import { RecentContexts } from './recent-contexts.ts';

/** The traffic of one environment, as its services have reported it. */
export interface Traffic {
  readonly lanes: LaneTraffic;
  readonly traces: Traces;
  /** Undefined if no attribute may be recorded. */
  readonly contexts: RecentContexts | undefined;
}

/** Records the context of an evaluation. */
export type RecordContext = (store: FlagStore, context: Readonly<Record<string, unknown>>) => void;

/** The parts that a keeper works with. */
export interface TrafficKeeperOptions {
  readonly environments: Environments;
  readonly intake: Intake;
  /** The attributes of evaluation contexts that may be recorded. Default: none. */
  readonly recordAttributes?: readonly string[] | undefined;
}

/** Keeps the newest traffic of each environment, as long as the process. */
export class TrafficKeeper {
  /** Undefined if no attribute may be recorded, so that evaluations cost nothing more. */
  readonly recordContext: RecordContext | undefined;
  readonly #traffic = new Map<FlagStore, Traffic>();
  readonly #ends: ReadonlyArray<() => void>;

  constructor({ environments, intake, recordAttributes = [] }: TrafficKeeperOptions) {
    const of = (name: string): Traffic | undefined => {
      const store = environments.get(name);
      return store && this.#traffic.get(store);
    };
    if (recordAttributes.length > 0) {
      this.recordContext = (store, context) => this.of(store)?.contexts?.record(context, Date.now());
    }
    this.#ends = [
      environments.onCreate((_name, store) => {
        const contexts = recordAttributes.length > 0 ? new RecentContexts(recordAttributes) : undefined;
        const lanes = new LaneTraffic(Date.now());
        this.#traffic.set(store, { lanes, traces: new Traces(), contexts });
        store.onChange(() => lanes.history.cut());
      }),
      environments.onRemove((_name, store) => this.#traffic.delete(store)),
      intake.onMetrics((received) => of(received.environment)?.lanes.receive(received)),
      intake.onSpans((received) => of(received.environment)?.traces.receive(received)),
    ];
  }

  of(store: FlagStore): Traffic | undefined {
    return this.#traffic.get(store);
  }

  close(): void {
    for (const end of this.#ends) end();
  }
}
