import { createHash } from 'node:crypto';
import { applyFlagChanges, killedMember } from '@graylane/flags';
import type { PartChange, Snapshot } from '../../model/document.ts';
import { killedValue, killsOf, type Kills } from '../../model/kill.ts';
import { difference } from '../../model/parts.ts';

/** No kills. */
export const noKills: Kills = { lanes: {}, flags: {} };

/** The number of kills. */
export function countOf({ lanes, flags }: Kills): number {
  return Object.keys(lanes).length + Object.keys(flags).length;
}

/** Whether there are no kills. */
export function isEmpty(kills: Kills): boolean {
  return countOf(kills) === 0;
}

/** The kills of which a snapshot has none yet. */
export function missingKills(kills: Kills, snapshot: Snapshot): Kills {
  const stored = killsOf(snapshot);
  const missing = (kind: keyof Kills): Kills['lanes'] =>
    Object.fromEntries(Object.entries(kills[kind]).filter(([name]) => !Object.hasOwn(stored[kind], name)));
  return { lanes: missing('lanes'), flags: missing('flags') };
}

/**
 * A snapshot with further kills in force. Its revision is named by the stored one and the kills, so
 * that two servers that hold the same kills serve the same revision.
 */
export function withKills(snapshot: Snapshot, kills: Kills): Snapshot {
  const stored = killsOf(snapshot);
  const value = killedValue(snapshot, {
    lanes: { ...kills.lanes, ...stored.lanes },
    flags: { ...kills.flags, ...stored.flags },
  });
  return {
    revision: `${snapshot.revision}~${digestOf(kills)}`,
    shared: { ...snapshot.shared, [killedMember]: value },
    flags: applyFlagChanges(snapshot.flags, { [killedMember]: value }),
  };
}

/** The changes of a revision as they are between two snapshots that may have further kills. */
export function changesBetween(
  before: Snapshot,
  after: Snapshot,
  changes: readonly PartChange[],
): readonly PartChange[] {
  const others = changes.filter(({ path: [member] }) => member !== killedMember);
  const kills = difference([killedMember], before.shared[killedMember], after.shared[killedMember]);
  return kills === undefined ? others : [...others, kills];
}

function digestOf({ lanes, flags }: Kills): string {
  const names = [Object.keys(lanes).toSorted(), Object.keys(flags).toSorted()];
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 8);
}
