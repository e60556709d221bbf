import { isDeepStrictEqual } from 'node:util';
import { killedMember } from '@graylane/flags';
import { isObject } from '../../is-object.ts';
import type { KillTarget } from '../../model/kill.ts';
import type { Content, Edit } from '../../model/document.ts';
import { weightsOf } from '../process/arms.ts';
import { ownsRule, type RolloutRecord } from '../process/record.ts';
import {
  compileDyeRule,
  lanesOf,
  ownerOf,
  restoreDyeRule,
  type FlagDefinition,
} from '../targeting/dye-rule.ts';

/**
 * The edits that bring the flags to a rollout's state: its dye rule, and the switch that holds its
 * release back while both arms run the same code.
 */
export function ruleEdits(record: RolloutRecord, content: Content): readonly Edit[] {
  return [...dyeRuleEdits(record, content), ...releaseEdits(record, content)];
}

function dyeRuleEdits(record: RolloutRecord, { flags }: Content): readonly Edit[] {
  const { definition, original, id } = record;
  const path = ['flags', definition.flag] as const;
  const current = flags.get(definition.flag)?.definition;
  const isOwn = ownerOf(current)?.id === id;
  if (record.rollout.state === 'scheduled' || (record.finished && !isOwn)) return [];
  const before = isOwn ? restoreDyeRule(current as FlagDefinition, original) : original;
  return [{ path, value: record.finished ? before : ruleOf(record, before) }];
}

/** The dye rule of a rollout's state. */
function ruleOf(record: RolloutRecord, before: FlagDefinition): FlagDefinition {
  const { id, move, definition, seed } = record;
  return compileDyeRule(before, { id, move, definition, seed, weights: weightsOf(record) });
}

/** Whether requests of the lane are dyed and still get baseline behavior. */
function holdsRelease(record: RolloutRecord): boolean {
  const { state, step } = record.rollout;
  return ownsRule(record) && step === 0 && (state === 'running' || state === 'paused');
}

function releaseEdits(record: RolloutRecord, { shared }: Content): readonly Edit[] {
  const { lane } = record.definition;
  const killed = objectOf(shared[killedMember]);
  const { [lane]: old, ...others } = objectOf(killed['releases']);
  const isOwn = isObject(old) && old['rollout'] === record.id;
  const holds = holdsRelease(record);
  if (holds === isOwn) return [];
  const releases = holds ? { ...others, [lane]: { rollout: record.id } } : others;
  const { releases: _, ...kinds } = killed;
  const value = Object.keys(releases).length > 0 ? { ...kinds, releases } : kinds;
  return [{ path: [killedMember], value: Object.keys(value).length > 0 ? value : undefined }];
}

/**
 * What stands in the way of a rollout; undefined if nothing does. The kill switch overrides it, and
 * a person who edits the dye rule must not be overruled.
 */
export function obstacleOf(record: RolloutRecord, content: Content): string | undefined {
  if (!ownsRule(record)) return undefined;
  return killOf(record, content) ?? editOf(record, content);
}

/** The kill of the rollout's lane or flag. */
export function killOf({ definition }: RolloutRecord, { flags }: Content): string | undefined {
  const { lane, flag } = definition;
  const { killed } = flags;
  if (killed.lanes.has(lane)) return killObstacle({ lane });
  return killed.flags.has(flag) ? killObstacle({ flag }) : undefined;
}

/** A kill as the reason why a rollout rests. */
export function killObstacle(target: KillTarget): string {
  const what = 'lane' in target ? `the lane "${target.lane}"` : `the flag "${target.flag}"`;
  return `${what} is killed: lift the kill, then resume the rollout`;
}

function editOf(record: RolloutRecord, { flags }: Content): string | undefined {
  const { flag: key, lane } = record.definition;
  const flag = flags.get(key)?.definition;
  const edited = `the dye rule "${key}" was edited by hand: resume the rollout to write its rule again, or finish it`;
  if (!isObject(flag) || ownerOf(flag)?.id !== record.id) return edited;
  const rule = ruleOf(record, restoreDyeRule(flag, record.original));
  const values = Object.values(objectOf(flag['variants']));
  const isOwn =
    flag['state'] === 'ENABLED' &&
    isDeepStrictEqual(flag['targeting'], rule['targeting']) &&
    lanesOf(lane).every((one) => values.includes(one));
  return isOwn ? undefined : edited;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
