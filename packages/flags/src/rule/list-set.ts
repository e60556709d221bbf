/** From how many elements on a set is faster than a comparison with each. */
export const worthASet = 8;

/** The elements of a list of the rule as a set, made once: a list of 100,000 takes 10 ms. */
export function setOf(list: readonly unknown[]): ReadonlySet<unknown> {
  const known = sets.get(list);
  if (known !== undefined) return known;
  const made = new Set(list);
  sets.set(list, made);
  return made;
}

const sets = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();
