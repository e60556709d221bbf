/** What changed between two revisions; null removes. */
export interface Delta {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly $evaluators?: unknown;
  readonly metadata?: unknown;
}

/**
 * A document after a change; the one before is left as it is, and what did not change is shared.
 * @throws {TypeError} where the change is none.
 */
export function applyDelta(document: object, { flags: changes, $evaluators, metadata }: Delta): object {
  if (typeof changes !== 'object' || changes === null) throw new TypeError('sent a change without flags');
  const { flags } = document as { flags?: object };
  return {
    ...merge(document, present({ $evaluators, metadata })),
    flags: merge(flags ?? {}, changes),
  };
}

function merge(target: object, changes: object): object {
  const removed = Object.entries(changes).filter(([, value]) => value === null);
  const merged: Record<string, unknown> = { ...target, ...changes };
  for (const [key] of removed) delete merged[key];
  return merged;
}

function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
