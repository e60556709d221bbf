import type { CompiledFlag } from '../flag/flag.ts';
import { sameJson } from '../json/values.ts';
import { effectiveDefinition } from '../kill/effective.ts';
import { sameKilled, type Killed } from '../kill/killed.ts';

/** Whether other kills change a flag of the earlier set; undefined if the kills are the same. */
export function overrideChanges(
  before: Killed,
  after: Killed,
): ((flag: CompiledFlag) => boolean) | undefined {
  if (sameKilled(before, after)) return undefined;
  return ({ key, definition }) => {
    try {
      const [old, now] = [before, after].map((killed) => effectiveDefinition(key, definition, killed));
      return old !== now && !sameJson(old, now);
    } catch {
      // A getter of the document that throws: compiling the flag reports it.
      return true;
    }
  };
}
