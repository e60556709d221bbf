import { isObject } from '../json/values.ts';

/** The member of a document that holds its kills, beside `flags`. */
export const killedMember = '$killed';

/** The lanes, releases and flags that a document switches off, whatever their definitions are. */
export interface Killed {
  /** Each with its control lane. A killed lane counts as `baseline`. */
  readonly lanes: ReadonlySet<string>;
  /**
   * The lanes whose releases are off, each with its control lane: requests are still dyed, and
   * rules read `baseline`, so that both arms of a rollout run the same code.
   */
  readonly releases: ReadonlySet<string>;
  /** The keys of the flags that are disabled. */
  readonly flags: ReadonlySet<string>;
}

/** Nothing is killed: the state of most documents. */
const nothingKilled: Killed = Object.freeze({
  lanes: new Set<string>(),
  releases: new Set<string>(),
  flags: new Set<string>(),
});

/**
 * Reads the member `$killed`: `{ "lanes": { "gray": { … } }, "flags": { "fees": { … } } }`, and
 * `releases` in the form of `lanes`. The values are for people, with the author and the reason.
 * Parts that can't be read kill nothing.
 */
export function readKilled(member: unknown): Killed {
  if (!isObject(member)) return nothingKilled;
  const { lanes, releases, flags } = member;
  return {
    lanes: withControls(lanes),
    releases: withControls(releases),
    flags: new Set(namesOf(flags)),
  };
}

function withControls(lanes: unknown): ReadonlySet<string> {
  const named = namesOf(lanes);
  return new Set(named.flatMap((lane) => (lane === 'baseline' ? [] : [lane, `${lane}-control`])));
}

/** Whether two documents kill the same. */
export function sameKilled(one: Killed, other: Killed): boolean {
  return (
    one === other ||
    (sameNames(one.lanes, other.lanes) &&
      sameNames(one.releases, other.releases) &&
      sameNames(one.flags, other.flags))
  );
}

function sameNames(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((name) => other.has(name));
}

function namesOf(names: unknown): string[] {
  return isObject(names) ? Object.keys(names) : [];
}
