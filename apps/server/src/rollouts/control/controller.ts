import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { Term } from '../../store/leadership.ts';
import type { LookQuestion, LookResponse, LookSource } from '../evidence/look-source.ts';
import { afterLook } from '../process/after-look.ts';
import { weightsOf } from '../process/arms.ts';
import { atTime } from '../process/at-time.ts';
import { isWatched, type RolloutRecord } from '../process/record.ts';
import { keepDetails } from './details.ts';
import { keepHours } from './keep-hours.ts';
import { listenForAct } from './next-act.ts';
import { Rollouts } from './rollouts.ts';
import { obstacleOf } from './rule-edits.ts';

/** The parts of a controller. */
export interface ControllerOptions {
  readonly environments: Environments;
  readonly source: LookSource;
  readonly log: Log;
}

/** So many rollouts are remembered, more only while they all run. */
const maxRemembered = 100;

/** How often a leader looks for rollouts that another server has started, in milliseconds. */
const scanMs = 60_000;

/** How soon a rollout that could not be looked at is tried again, in milliseconds. */
const retryMs = 10_000;

/** A source may take this long to respond, in looks. */
const patience = 2;

/**
 * Moves the rollouts of all environments, on the server that leads. Each write names its term, and
 * each decision is made from the stored record within the write: a controller that was paused past
 * its term can't act, and none acts twice.
 */
export class RolloutController {
  readonly #options: ControllerOptions;
  readonly #withdraw: () => void;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #wakes = new Map<string, () => void>();
  readonly #watched = new Map<string, WatchedRollout>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#withdraw = options.environments.leadership.lead((term) => this.#lead(term));
  }

  /**
   * The rollouts that this server moves, as they were after their newest look, and the last ones
   * that have ended.
   */
  get watched(): Iterable<WatchedRollout> {
    return this.#watched.values();
  }

  /** Looks for new rollouts of an environment at once. */
  wake(environment: string): void {
    this.#wakes.get(environment)?.();
  }

  /** Ends all looks; the rollouts stay as they are. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#withdraw();
    await Promise.all(this.#running);
  }

  #lead(term: Term): void {
    const signal = AbortSignal.any([term.ended, this.#closing.signal]);
    const { environments } = this.#options;
    const ends = new Map<FlagStore, AbortController>();
    const unsubscribes = [
      environments.onCreate((name, store) => {
        const end = new AbortController();
        ends.set(store, end);
        const ended = AbortSignal.any([signal, end.signal]);
        this.#keep(this.#watch(name, store, term, ended));
        this.#keep(this.#keepHours(name, store, term, ended));
      }),
      environments.onRemove((_name, store) => ends.get(store)?.abort()),
    ];
    signal.addEventListener('abort', () => {
      this.#watched.clear();
      for (const unsubscribe of unsubscribes) unsubscribe();
    });
  }

  #keep(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  /** Hours are context alone: without them rollouts go on. */
  async #keepHours(environment: string, store: FlagStore, term: Term, signal: AbortSignal): Promise<void> {
    const { source, log } = this.#options;
    const options = { environment, store, source, signal, fence: { term: term.number } };
    await keepHours(options).catch((error: unknown) => {
      if (!signal.aborted)
        log.warn(`${environment}: the past hours of SLIs are not kept: ${(error as Error).message}`);
    });
  }

  /** Watches each rollout of an environment, as long as it can move. */
  async #watch(name: string, store: FlagStore, term: Term, signal: AbortSignal): Promise<void> {
    const rollouts = new Rollouts(store);
    const watched = new Set<string>();
    while (!signal.aborted) {
      // Registered before the list is read, so that no rollout is missed.
      const waking = new AbortController();
      this.#wakes.set(name, () => waking.abort());
      const woken = listenForAct(store, AbortSignal.any([signal, waking.signal]));
      for (const record of await this.#listed(rollouts, name)) {
        if (watched.has(record.id) || !isWatched(record)) continue;
        watched.add(record.id);
        const work = this.#follow({ name, store, rollouts, id: record.id, term, signal });
        this.#keep(work.finally(() => watched.delete(record.id)));
      }
      await woken(scanMs);
    }
  }

  async #listed(rollouts: Rollouts, name: string): Promise<readonly RolloutRecord[]> {
    try {
      return await rollouts.list();
    } catch (error) {
      this.#options.log.warn(`${name}: the rollouts can't be read: ${(error as Error).message}`);
      return [];
    }
  }

  /** Looks at one rollout, again and again, until it can't move any more. */
  async #follow(followed: Followed): Promise<void> {
    const { id, signal, name } = followed;
    let trouble: string | undefined;
    while (!signal.aborted) {
      let waitMs = retryMs;
      try {
        const record = await this.#tick(followed);
        this.#remember(name, record);
        await this.#keepDetails(record, followed);
        if (!isWatched(record)) return;
        waitMs = record.definition.guard.lookSeconds * 1000;
        trouble = undefined;
      } catch (error) {
        if (isOver(error)) return;
        const { message } = error as Error;
        if (message !== trouble)
          this.#options.log.warn(`${name}: the rollout ${id} can't go on for now: ${message}`);
        trouble = message;
      }
      await pause(waitMs, undefined, { signal, ref: false }).catch(() => {
        // The term has ended.
      });
    }
  }

  /** The newest rollouts that have ended are remembered, too, for metrics. */
  #remember(environment: string, record: RolloutRecord): void {
    this.#watched.delete(record.id);
    this.#watched.set(record.id, { environment, record });
    for (const [id, watched] of this.#watched) {
      if (this.#watched.size <= maxRemembered) break;
      if (!isWatched(watched.record)) this.#watched.delete(id);
    }
  }

  /** A report without details is better than a rollout that stands still. */
  async #keepDetails(record: RolloutRecord, { name, store, term, signal }: Followed): Promise<void> {
    const { source, log } = this.#options;
    const options = { environment: name, store, source, signal, fence: { term: term.number } };
    await keepDetails(record, options).catch((error: unknown) => {
      if (!signal.aborted)
        log.warn(
          `${name}: the report of the rollout ${record.id} has no details: ${(error as Error).message}`,
        );
    });
  }

  /** One look: first the moves that are due, then the counts, then the moves by the verdict. */
  async #tick({ name, store, rollouts, id, term, signal }: Followed): Promise<RolloutRecord> {
    const fence = { term: term.number };
    const obstacle = (record: RolloutRecord, current: FlagStore['snapshot']): string | undefined =>
      obstacleOf(record, current) ?? obstacleOf(record, store.snapshot);
    const before = await rollouts.change(
      id,
      (record, current) => atTime(record, Date.now(), obstacle(record, current)),
      fence,
    );
    if (!isWatched(before) || before.rollout.state === 'scheduled') return before;
    const response = await this.#look(questionOf(before, name), before, signal);
    // The first question about a lane lets the source begin to keep its signals.
    if (signal.aborted || isEarly(before)) return before;
    return rollouts.change(
      id,
      (record, current) => {
        // Somebody acted meanwhile: these counts are of other arms, or were counted already.
        if (record.move !== before.move || record.watch.lookedAt !== before.watch.lookedAt) return record;
        const hindrance = obstacle(record, current);
        if (hindrance !== undefined) return hindered(record, hindrance);
        return afterLook(record, response, Date.now());
      },
      fence,
    );
  }

  async #look(
    question: LookQuestion,
    { definition }: RolloutRecord,
    signal: AbortSignal,
  ): Promise<LookResponse> {
    if (question.from >= question.to) {
      return {
        holds: ['the clock of this server has gone back: the next look waits until it has caught up'],
      };
    }
    const limit = AbortSignal.timeout(patience * definition.guard.lookSeconds * 1000);
    try {
      return await this.#options.source.look(question, AbortSignal.any([signal, limit]));
    } catch (error) {
      const why = limit.aborted
        ? 'the source of the counts did not respond in time'
        : (error as Error).message;
      return { holds: [`there is no look: ${why}`] };
    }
  }
}

/** A rollout that this server moves. */
export interface WatchedRollout {
  readonly environment: string;
  readonly record: RolloutRecord;
}

interface Followed {
  readonly name: string;
  readonly store: FlagStore;
  readonly rollouts: Rollouts;
  readonly id: string;
  readonly term: Term;
  readonly signal: AbortSignal;
}

/** The question about the time since the last look. */
function questionOf(record: RolloutRecord, environment: string): LookQuestion {
  const { definition, rollout, watch } = record;
  const { lane, guard, unit, unitKey } = definition;
  const { gray, control } = weightsOf(record);
  const isDrawn = gray > 0 && control > 0;
  return {
    environment,
    source: guard.source,
    lane,
    slis: guard.slis,
    ...(unit !== 'request' && { unitKey }),
    ...(isDrawn && { draw: { expected: gray / (gray + control), since: rollout.since } }),
    from: watch.lookedAt,
    to: Date.now(),
  };
}

/** An obstacle pauses a rollout, and its arms can't be compared. */
function hindered(record: RolloutRecord, obstacle: string): RolloutRecord {
  const after = atTime(record, Date.now(), obstacle);
  return { ...after, watch: { ...after.watch, holds: [obstacle], heldBy: 'obstacle' } };
}

/** Whether the arms have moved just now, so that a look would have next to no requests. */
function isEarly({ definition, watch }: RolloutRecord): boolean {
  const since = Date.now() - watch.lookedAt;
  return since >= 0 && since < definition.guard.lookSeconds * 500;
}

/** Another server leads, or the environment is gone. */
function isOver(error: unknown): boolean {
  return (
    error instanceof RequestError &&
    (error.code === 'stale_term' || error.code === 'unknown_environment' || error.code === 'not_found')
  );
}
