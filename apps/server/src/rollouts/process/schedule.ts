import { days, type Schedule, type WorkingHours } from '../definition/definition.ts';

/** Whether the start time has come. */
export function hasStarted({ start }: Schedule, now: number): boolean {
  return start === undefined || now >= Date.parse(start);
}

/** Why a rollout may not move forward now; undefined if it may. */
export function whyNotForward({ hours, freezes }: Schedule, now: number): string | undefined {
  const freeze = freezes.find(({ from, to }) => now >= Date.parse(from) && now < Date.parse(to));
  if (freeze !== undefined) {
    const why = freeze.reason === undefined ? '' : ` (${freeze.reason})`;
    return `frozen from ${freeze.from} to ${freeze.to}${why}, so the rollout does not move forward`;
  }
  if (hours === undefined || isWithin(hours, now)) return undefined;
  return `outside of the working hours (${hours.days.join(', ')} ${hours.from} to ${hours.to}, ${hours.timeZone}), so the rollout does not move forward`;
}

function isWithin({ timeZone, days: open, from, to }: WorkingHours, now: number): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? '';
  const day = days.find((one) => one === part('weekday').toLowerCase());
  const clock = `${part('hour')}:${part('minute')}`;
  return day !== undefined && open.includes(day) && clock >= from && clock < to;
}
