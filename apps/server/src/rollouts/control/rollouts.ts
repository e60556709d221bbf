import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Edit, Snapshot } from '../../model/document.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Authorship, Change, RecordEdit } from '../../model/revision.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { Fence, RecordReader } from '../../store/records.ts';
import type { RolloutDefinition } from '../definition/definition.ts';
import { byHand, type ActByHand, type Hand } from '../process/by-hand.ts';
import { isActive, isWatched, ownsRule, recordKind, type RolloutRecord } from '../process/record.ts';
import { begin } from '../process/start.ts';
import { checkRule } from '../targeting/check-rule.ts';
import { restoreDyeRule, type FlagDefinition } from '../targeting/dye-rule.ts';
import { applyFlagChanges } from '@graylane/flags';
import { killOf, ruleEdits } from './rule-edits.ts';

/** The rollouts of one environment, in its store. */
export class Rollouts {
  readonly #store: FlagStore;
  readonly #now: () => number;

  constructor(store: FlagStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** All rollouts, the newest first. */
  async list(): Promise<readonly RolloutRecord[]> {
    return recordsIn(this.#store.records);
  }

  /** @throws {RequestError} `not_found` */
  async get(id: string): Promise<RolloutRecord> {
    return recordIn(this.#store.records, id);
  }

  /**
   * Starts a rollout, or schedules it.
   * @throws {RequestError} `unprocessable` with the faults, or `conflict` with another rollout.
   */
  async start(definition: RolloutDefinition, { author, reason }: Authorship): Promise<RolloutRecord> {
    const id = newId();
    const seed = `${definition.lane}-${newId()}`;
    let record: RolloutRecord | undefined;
    await this.#store.write(async (current, records) => {
      const others = await recordsIn(records);
      const conflict = others.find((other) => conflicts(other, definition));
      if (conflict !== undefined) throw conflictWith(conflict);
      // An earlier rollout of the same dye rule gives it back first.
      const now = this.#now();
      const left = others.filter((other) => other.definition.flag === definition.flag && ownsRule(other));
      const handed = left.map((other) => handOver(other, { id, now }));
      const original = originalOf(definition.flag, left[0], current);
      const content = {
        ...current,
        flags: applyFlagChanges(current.flags, { flags: { [definition.flag]: original ?? null } }),
      };
      const problems = checkRule(definition, content);
      if (problems.length > 0)
        throw new RequestError('unprocessable', 'the rollout is not valid', { problems });
      record = begin({
        id,
        definition,
        defaultMode: others.some((other) => other.move > 0 && !other.definition.standing) ? 'act' : 'pause',
        original: original as FlagDefinition,
        earlier: others.find((other) => haveSameArms(other.definition, definition)),
        seed,
        now,
        author,
        reason,
      });
      const killed = killOf(record, current);
      if (killed !== undefined) throw new RequestError('conflict', killed);
      return changeOf([record, ...handed], current);
    });
    return record as unknown as RolloutRecord;
  }

  /**
   * Acts by hand.
   * @throws {RequestError} `not_found`, or `conflict` if the rollout's state does not allow it.
   */
  async act(id: string, act: ActByHand, hand: Omit<Hand, 'now'>): Promise<RolloutRecord> {
    return this.change(id, (record, current) => {
      const killed = killOf(record, current) ?? killOf(record, this.#store.snapshot);
      if (killed !== undefined && (act === 'resume' || act === 'promote'))
        throw new RequestError('conflict', killed);
      return byHand(record, act, { ...hand, now: this.#now() });
    });
  }

  /**
   * Replaces the record by the one that `decide` returns, and commits the revision of its act, if
   * there is one, together with it. Writes nothing if `decide` returns the same record.
   * @throws {RequestError} `not_found`; or what `decide` throws.
   */
  async change(
    id: string,
    decide: (record: RolloutRecord, current: Snapshot) => RolloutRecord,
    fence?: Fence,
  ): Promise<RolloutRecord> {
    let after: RolloutRecord | undefined;
    await this.#store.write(async (current, records) => {
      const before = await recordIn(records, id);
      after = decide(before, current);
      if (after === before) return { author: 'graylane', edits: [] };
      if (after.move > before.move) return changeOf([after], current);
      return { author: 'graylane', edits: [], records: [recordEdit(after)] };
    }, fence);
    return after as unknown as RolloutRecord;
  }
}

/** The change of the flags and records after the acts of these rollouts; the first one acts. */
function changeOf(records: readonly RolloutRecord[], current: Snapshot): Change {
  const [first] = records;
  const act = first?.acts.at(-1);
  const edits = new Map<string, Edit>();
  // The edits of the first rollout are in force: it takes over the dye rule.
  for (const record of records.toReversed()) {
    for (const edit of ruleEdits(record, current)) edits.set(JSON.stringify(edit.path), edit);
  }
  return {
    author: act?.author ?? 'graylane',
    ...(act && { reason: oneLine(`${act.kind}: ${act.reason}`) }),
    edits: [...edits.values()],
    records: records.map(recordEdit),
  };
}

function recordEdit(record: RolloutRecord): RecordEdit {
  return { kind: recordKind, id: record.id, value: record };
}

async function recordsIn(records: RecordReader): Promise<readonly RolloutRecord[]> {
  const stored = await records.list(recordKind);
  const all = stored.map(({ value }) => value as RolloutRecord);
  return all.toSorted((one, other) => (one.id < other.id ? 1 : -1));
}

async function recordIn(records: RecordReader, id: string): Promise<RolloutRecord> {
  const value = await records.get(recordKind, id);
  if (value !== undefined) return value as RolloutRecord;
  const remedy = 'GET …/rollouts lists all';
  throw new RequestError('not_found', `there is no rollout ${JSON.stringify(id)} here: ${remedy}`);
}

/** Whether another rollout must end first. Standing lanes make way for a release. */
function conflicts(other: RolloutRecord, { flag, lane, standing }: RolloutDefinition): boolean {
  const { definition } = other;
  if (!isWatched(other) || (definition.standing && !standing && isActive(other))) return false;
  return definition.flag === flag || definition.lane === lane;
}

function conflictWith({ id, definition, rollout }: RolloutRecord): RequestError {
  const state = rollout.state.replace('_', ' ');
  return new RequestError(
    'conflict',
    `the rollout ${id} of the lane "${definition.lane}" by the flag "${definition.flag}" is ${state}: roll it back or let it end first, or use a dye rule and a lane of its own`,
  );
}

/** The dye rule without the rollout that owned it so far. */
function originalOf(
  flag: string,
  owner: RolloutRecord | undefined,
  { flags }: Snapshot,
): FlagDefinition | undefined {
  const current = flags.get(flag)?.definition as FlagDefinition | undefined;
  if (current === undefined || owner === undefined) return current;
  return restoreDyeRule(current, owner.original);
}

/** An earlier rollout, finished because another one takes over. */
function handOver(
  record: RolloutRecord,
  { id, now }: { readonly id: string; readonly now: number },
): RolloutRecord {
  const because = `the rollout ${id} took over`;
  const rollout = isActive(record)
    ? ({ ...record.rollout, state: 'rolled_back', since: now } as const)
    : record.rollout;
  return { ...record, rollout, ended: true, finished: true, because };
}

function haveSameArms(one: RolloutDefinition, other: RolloutDefinition): boolean {
  const armsOf = ({ flag, lane, unit, unitKey, eligible }: RolloutDefinition): unknown[] => [
    flag,
    lane,
    unit,
    unitKey,
    eligible,
  ];
  return isDeepStrictEqual(armsOf(one), armsOf(other));
}

/** Sorts by time. */
function newId(): string {
  return `${Date.now().toString(36)}${randomBytes(3).toString('hex')}`;
}

/** A reason of the history is one line of at most 1,000 characters. */
function oneLine(reason: string): string {
  return reason.replaceAll(/\s+/g, ' ').slice(0, 1000);
}
