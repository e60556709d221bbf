import type { Revision } from '../../model/revision.ts';
import { ownerOf } from './dye-rule.ts';

/** An act of a rollout. */
export interface ActOfRollout {
  /** The id of the rollout. */
  readonly id: string;
  /** The number of the act; undefined for the one that gives the dye rule back. */
  readonly move: number | undefined;
}

/** The act of a rollout that made a revision; undefined for any other revision. */
export function actOfRevision({ changes }: Pick<Revision, 'changes'>): ActOfRollout | undefined {
  for (const { before, after } of changes) {
    const [old, now] = [ownerOf(before), ownerOf(after)];
    if (now !== undefined && (now.id !== old?.id || now.move !== old.move)) return now;
    if (old !== undefined && now === undefined && after !== undefined) return { id: old.id, move: undefined };
  }
  return undefined;
}
