import { days, type Day, type Freeze, type Schedule, type WorkingHours } from './definition.ts';
import { defined, type Faults } from './faults.ts';

/** Reads `schedule` of a request for a rollout. */
export function readSchedule(sent: unknown, faults: Faults): Schedule {
  if (sent === undefined) return { freezes: [] };
  const { start, hours, freezes = [] } = faults.members(sent, '$.schedule', ['start', 'hours', 'freezes']);
  return defined({
    start: readTime(start, '$.schedule.start', faults),
    hours: hours === undefined ? undefined : readHours(hours, faults),
    freezes: readFreezes(freezes, faults),
  });
}

function readTime(sent: unknown, path: string, faults: Faults): string | undefined {
  const remedy = 'use a time with its zone, e.g. "2027-01-31T09:00:00+08:00"';
  const isTime = (text: string): boolean =>
    /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(text) && Number.isFinite(Date.parse(text));
  return faults.string(sent, path, remedy, isTime);
}

function readHours(sent: unknown, faults: Faults): WorkingHours {
  const path = '$.schedule.hours';
  const members = faults.members(sent, path, ['timeZone', 'days', 'from', 'to']);
  const ofZone = 'name a time zone, e.g. "Asia/Shanghai" or "UTC"';
  const { timeZone } = members;
  const ofDays = 'use some of mon, tue, wed, thu, fri, sat, sun';
  const { days: named = days.slice(0, 5) } = members;
  const areDays = Array.isArray(named) && named.length > 0 && named.every((day) => days.includes(day as Day));
  if (!areDays) faults.add(`${path}.days`, named, ofDays);
  const clock = (name: 'from' | 'to', fallback: string): string =>
    faults.string(members[name], `${path}.${name}`, 'use hours and minutes, e.g. "09:30"', isClock) ??
    fallback;
  const hours = {
    timeZone:
      faults.required(
        faults.string(timeZone, `${path}.timeZone`, ofZone, isZone),
        timeZone,
        `${path}.timeZone`,
        ofZone,
      ) ?? 'UTC',
    days: areDays ? (named as Day[]) : days,
    from: clock('from', '00:00'),
    to: clock('to', '24:00'),
  };
  if (hours.from >= hours.to) faults.add(`${path}.to`, hours.to, `use a time after ${hours.from}`);
  return hours;
}

function readFreezes(sent: unknown, faults: Faults): readonly Freeze[] {
  const path = '$.schedule.freezes';
  if (!Array.isArray(sent) || sent.length > 100) {
    faults.add(path, sent, 'use an array of at most 100 { from, to, reason? }');
    return [];
  }
  return (sent as unknown[]).map((freeze, index) => readFreeze(freeze, `${path}[${index}]`, faults));
}

function readFreeze(sent: unknown, path: string, faults: Faults): Freeze {
  const members = faults.members(sent, path, ['from', 'to', 'reason']);
  const time = (name: 'from' | 'to'): string => {
    const at = `${path}.${name}`;
    return (
      faults.required(readTime(members[name], at, faults), members[name], at, 'use a time with its zone') ??
      ''
    );
  };
  const freeze = { from: time('from'), to: time('to') };
  if (Date.parse(freeze.to) <= Date.parse(freeze.from)) {
    faults.add(`${path}.to`, freeze.to, 'use a time after "from"');
  }
  const reason = faults.string(members['reason'], `${path}.reason`, 'use a string');
  return defined({ ...freeze, reason });
}

function isClock(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text);
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
