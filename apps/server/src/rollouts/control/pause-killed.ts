import type { KillTarget } from '../../model/kill.ts';
import type { RecordEdit } from '../../model/revision.ts';
import type { RecordReader } from '../../store/records.ts';
import { atTime } from '../process/at-time.ts';
import { recordKind, type RolloutRecord } from '../process/record.ts';
import { killObstacle } from './rule-edits.ts';

/**
 * The records of the revision that kills a lane or a flag: the rollouts that move it are paused by
 * the same revision. The dye rule stays as it is, so that no fault of it can hinder a kill.
 */
export async function pauseKilled(target: KillTarget, records: RecordReader): Promise<readonly RecordEdit[]> {
  const stored = await records.list(recordKind);
  return stored.flatMap(({ id, value }) => {
    const before = value as RolloutRecord;
    const { lane, flag } = before.definition;
    if ('lane' in target ? target.lane !== lane : target.flag !== flag) return [];
    const after = atTime(before, Date.now(), killObstacle(target));
    return after === before ? [] : [{ kind: recordKind, id, value: after }];
  });
}
