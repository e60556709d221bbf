import type { RefusalMetrics } from '../metrics/refusal-metrics.ts';
import { firstDifferences } from '../model/diff.ts';
import type { Log } from '../log.ts';
import { Rollouts } from '../rollouts/control/rollouts.ts';
import { actOfRevision } from '../rollouts/targeting/act-of-revision.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagsChanged, FlagStore } from '../store/flag-store.ts';
import { Delivery } from './delivery.ts';
import type { WebhookEvent } from './event.ts';
import type { Webhook } from './webhook.ts';

/** The differences in one message; the history has all of them. */
const maxDifferences = 50;

/** How often the health of stores is compared, and refusals are summed up, in ms. */
const [healthMs, refusalsMs] = [5000, 60_000];

/** The parts of which webhooks report. */
export interface WebhooksOptions {
  readonly environments: Environments;
  readonly refusals: RefusalMetrics;
  readonly log: Log;
}

/**
 * Notifies webhooks of what happens on this server: revisions, faults of stores and refused
 * requests. Of servers that share a store, the leader alone reports revisions and faults.
 */
export class Webhooks {
  readonly #log: Log;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #ends: readonly (() => void)[];
  readonly #degraded = new Map<string, boolean>();
  readonly #refusals = new Map<string, { protocol: string; reason: string; count: number }>();
  readonly #environments: Environments;
  #deliveries: readonly Delivery[] = [];
  #leads = false;

  constructor({ environments, refusals, log }: WebhooksOptions) {
    this.#environments = environments;
    this.#log = log;
    this.#ends = [
      environments.onCreate((name, store) => this.#follow(name, store)),
      environments.leadership.lead((term) => {
        this.#leads = true;
        term.ended.addEventListener('abort', () => (this.#leads = false));
      }),
      refusals.onRefusal((protocol, reason) => this.#countRefusal(protocol, reason)),
    ];
    this.#timers = [
      setInterval(() => this.#compareHealth(), healthMs).unref(),
      setInterval(() => this.#reportRefusals(), refusalsMs).unref(),
    ];
  }

  /** Replaces the webhooks; messages of the earlier ones that still wait are lost. */
  async use(webhooks: readonly Webhook[]): Promise<void> {
    const before = this.#deliveries;
    this.#deliveries = webhooks.map((webhook) => new Delivery(webhook, this.#log));
    await Promise.all(before.map((delivery) => delivery.close()));
  }

  notify(event: WebhookEvent): void {
    for (const delivery of this.#deliveries) delivery.add(event);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const end of this.#ends) end();
    this.#reportRefusals();
    await this.use([]);
  }

  #follow(environment: string, store: FlagStore): void {
    store.onChange((change) => {
      if (!this.#leads || this.#deliveries.length === 0) return;
      this.notify(revisionEvent(environment, change));
      rolloutEvent(environment, store, change).then(
        (event) => event && this.notify(event),
        (error: unknown) => this.#log.warn(`webhooks: a rollout can't be read: ${(error as Error).message}`),
      );
    });
  }

  #compareHealth(): void {
    for (const environment of this.#environments.names) {
      const health = this.#environments.get(environment)?.health();
      if (health === undefined || (this.#degraded.get(environment) ?? false) === health.degraded) continue;
      this.#degraded.set(environment, health.degraded);
      if (!this.#leads) continue;
      const { degraded, details } = health;
      this.notify({ type: 'fault', at: new Date().toISOString(), environment, degraded, details });
    }
  }

  #countRefusal(protocol: string, reason: string): void {
    const key = `${protocol} ${reason}`;
    const refusal = this.#refusals.get(key) ?? { protocol, reason, count: 0 };
    refusal.count += 1;
    this.#refusals.set(key, refusal);
  }

  #reportRefusals(): void {
    if (this.#refusals.size === 0) return;
    const refusals = [...this.#refusals.values()];
    this.#refusals.clear();
    this.notify({ type: 'refusals', at: new Date().toISOString(), refusals });
  }
}

function revisionEvent(environment: string, { revision }: FlagsChanged): WebhookEvent {
  const { at, author, reason, changes, revision: name } = revision;
  const { differences, more } = firstDifferences(changes, maxDifferences);
  return {
    type: 'revision',
    at,
    environment,
    revision: name,
    author,
    ...(reason !== undefined && { reason }),
    diff: differences,
    ...(more > 0 && { more }),
  };
}

/** The act of a rollout that made a revision; undefined for any other revision. */
async function rolloutEvent(
  environment: string,
  store: FlagStore,
  { revision }: FlagsChanged,
): Promise<WebhookEvent | undefined> {
  const act = actOfRevision(revision);
  if (act === undefined) return undefined;
  const { definition, acts } = await new Rollouts(store).get(act.id);
  const made = acts.find(({ move }) => move === act.move);
  if (made === undefined) return undefined;
  const { at, kind, state, step, weight, author, reason } = made;
  const { flag, lane } = definition;
  const path = [environment, 'rollouts', act.id].map(encodeURIComponent).join('/');
  const report = `/api/v1/environments/${path}/report`;
  const rollout = { id: act.id, flag, lane, kind, state, step, weight, author, because: reason, report };
  return { type: 'rollout', at, environment, ...rollout };
}
