import { judge, type Look } from '@graylane/rollout';
import { criteriaOf } from './criteria.ts';
import type { AlarmCounts, FalseAlarms, RolloutRecord } from './record.ts';

/** A mock rollout takes so many A/A looks, and is judged for four times as many. */
const calibration = 60;
const validity = 4;

/**
 * Judges a look of arms that run the same code as if it were a release, after A/A looks of its own:
 * whatever such a mock rollout does is a false alarm. One follows the other.
 */
export function addMockLook(
  before: FalseAlarms | undefined,
  look: Look,
  record: Pick<RolloutRecord, 'id' | 'definition' | 'mode' | 'attempt'>,
): FalseAlarms {
  const totals: FalseAlarms = before ?? { windows: 0, pauses: 0, rollbacks: 0, looks: 0, current: fresh };
  const { current } = totals;
  const isCalibrated = current.calibrated >= calibration;
  const criteria = { ...criteriaOf(record), mode: 'act', revision: 'mock' } as const;
  const { evidence, verdict } = judge(current.evidence, { ...look, sameCode: !isCalibrated }, criteria);
  const alarm = verdict.would === 'pause' || verdict.would === 'rollback' ? verdict.would : undefined;
  const looks = totals.looks + 1;
  const today = todayOf(totals, look.at);
  if (!isCalibrated) {
    return { ...totals, today, looks, current: { ...current, evidence, calibrated: current.calibrated + 1 } };
  }
  const isOver = alarm !== undefined || current.looks + 1 >= validity * calibration;
  if (!isOver)
    return { ...totals, today, looks, current: { ...current, evidence, looks: current.looks + 1 } };
  return {
    ...added(totals, alarm),
    today: { ...added(today, alarm), day: today.day },
    looks,
    current: fresh,
  };
}

function added(
  { windows, pauses, rollbacks }: AlarmCounts,
  alarm: 'pause' | 'rollback' | undefined,
): AlarmCounts {
  return {
    windows: windows + 1,
    pauses: pauses + (alarm === 'pause' ? 1 : 0),
    rollbacks: rollbacks + (alarm === 'rollback' ? 1 : 0),
  };
}

/** The counts of the day of a look, which begin anew with each day in UTC. */
function todayOf({ today }: FalseAlarms, at: number): NonNullable<FalseAlarms['today']> {
  const day = new Date(at).toISOString().slice(0, 10);
  return today?.day === day ? today : { day, windows: 0, pauses: 0, rollbacks: 0 };
}

const fresh: FalseAlarms['current'] = { calibrated: 0, looks: 0 };
