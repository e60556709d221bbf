import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { killedMember } from '../kill/killed.ts';

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Checks the kills of a set: objects of lanes and of flags, with an object under each name. */
export function checkKilled(killed: unknown): Problem[] {
  const path = joinPath('$', killedMember);
  if (killed === undefined) return [];
  if (!isObject(killed)) return [problem(path, `${killedMember} is ${show(killed)}`, form)];
  return Object.entries(killed).flatMap(([kind, names]) => {
    const at = joinPath(path, kind);
    if (kind !== 'lanes' && kind !== 'releases' && kind !== 'flags')
      return [problem(at, `${killedMember} has the member ${show(kind)}`, form)];
    if (!isObject(names)) return [problem(at, `"${kind}" is ${show(names)}`, form)];
    const all = Object.keys(names).length;
    const most = mostKilled[kind];
    if (all > most)
      return [problem(at, `"${kind}" has ${all} names, more than ${most}`, 'lift those that are over')];
    return Object.entries(names).flatMap(([name, entry]) =>
      checkEntry(joinPath(at, name), kind === 'flags' ? undefined : laneFault(name), entry),
    );
  });
}

/**
 * How much a set may switch off. Each rule that reads the lane lists the killed ones, and each kill
 * writes all of them.
 */
const mostKilled: Readonly<Record<'lanes' | 'releases' | 'flags', number>> = {
  lanes: 250,
  releases: 1000,
  flags: 1000,
};

const form = 'make it { "lanes": { "gray": {} }, "flags": { "fees": {} } }';

function checkEntry(path: string, fault: string | undefined, entry: unknown): Problem[] {
  if (fault !== undefined) return [problem(path, fault, 'name a lane, e.g. "gray"')];
  return isObject(entry) ? [] : [problem(path, `this is ${show(entry)}`, 'make it an object')];
}

function laneFault(lane: string): string | undefined {
  if (lane === 'baseline') return 'baseline serves every request that no lane serves: it has no kill';
  if (!label.test(lane)) return `${show(lane)} is not a DNS label`;
  return lane.endsWith('-control') ? 'a lane is killed together with its control lane' : undefined;
}
