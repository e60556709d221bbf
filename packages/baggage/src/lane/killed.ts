import process from 'node:process';
import { warnOnce } from '../report.ts';
import { baseline, comparedWith, isLane, laneFault } from './names.ts';

/** The lanes that each owner has killed: the environment variable, and providers. */
const byOwner = new Map<object, ReadonlySet<string>>();
const variable = {};
let killed: ReadonlySet<string> | undefined;

/**
 * Whether a lane is switched off, here by `GRAYLANE_KILL` or at the flag server: no request is dyed
 * with it or admitted in it, and rules see `baseline` in place of it. Its control lane is killed
 * with it.
 */
export function isKilledLane(lane: string): boolean {
  killed ??= readVariable();
  if (killed.size === 0) return false;
  return killed.has(lane) || killed.has(comparedWith(lane) ?? lane);
}

/**
 * Replaces the lanes that an owner kills in this process. A provider does so with the lanes that
 * its flag server has killed.
 */
export function setKilledLanes(owner: object, lanes: Iterable<string>): void {
  if (killed === undefined) readVariable();
  const own = new Set(lanes);
  if (own.size > 0) byOwner.set(owner, own);
  else byOwner.delete(owner);
  killed = new Set([...byOwner.values()].flatMap((one) => [...one]));
}

/** `GRAYLANE_KILL=gray,team-a`, read once. A name that is not a lane must not stop the start. */
function readVariable(): ReadonlySet<string> {
  const names = (process.env['GRAYLANE_KILL'] ?? '').split(',').map((name) => name.trim());
  const lanes = names.filter((name) => name !== '').filter(isKillable);
  byOwner.set(variable, new Set(lanes));
  return new Set(lanes);
}

function isKillable(name: string): boolean {
  if (isLane(name) && name !== baseline) return true;
  warnOnce(`GRAYLANE_KILL ${name}`, () =>
    name === baseline
      ? `GRAYLANE_KILL names "${baseline}", which serves every request that no lane serves: leave it out`
      : `GRAYLANE_KILL is ignored in part: ${laneFault(name)}`,
  );
  return false;
}
