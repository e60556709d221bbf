import type { Content, Edit } from '../../model/document.ts';
import type { KillTarget } from '../../model/kill.ts';
import type { RecordEdit } from '../../model/revision.ts';
import type { RecordReader } from '../../store/records.ts';
import { atTime } from '../process/at-time.ts';
import { recordKind, type RolloutRecord } from '../process/record.ts';
import { killObstacle, ruleEdits } from './rule-edits.ts';

/**
 * The further edits and records of the revision that kills a lane or a flag: the rollouts that move
 * it are paused by the same revision.
 */
export async function pauseKilled(
  target: KillTarget,
  current: Content,
  records: RecordReader,
): Promise<{ readonly edits: readonly Edit[]; readonly records: readonly RecordEdit[] }> {
  const edits: Edit[] = [];
  const paused: RecordEdit[] = [];
  for (const { id, value } of await records.list(recordKind)) {
    const before = value as RolloutRecord;
    const { lane, flag } = before.definition;
    if ('lane' in target ? target.lane !== lane : target.flag !== flag) continue;
    const after = atTime(before, Date.now(), killObstacle(target));
    if (after.move === before.move) continue;
    edits.push(...ruleEdits(after, current));
    paused.push({ kind: recordKind, id, value: after });
  }
  return { edits, records: paused };
}
