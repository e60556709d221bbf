import { expect } from 'vitest';

/** The members of a rollout that tests read. */
export interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly looks: number;
  readonly verdict?: { readonly looks: number };
  readonly acts: ReadonlyArray<{ readonly move: number; readonly kind: string }>;
}

/** A rollout of the environment `default`; undefined while the server is away. */
export async function readRollout(url: string, id: string): Promise<Rollout | undefined> {
  return (await get(url, `rollouts/${id}`).catch(() => undefined)) as Rollout | undefined;
}

/** Fails unless each act of a rollout has made exactly one revision, and each look was counted. */
export async function expectOnce(url: string, id: string): Promise<void> {
  const { acts, looks, verdict } = (await get(url, `rollouts/${id}`)) as Rollout;
  const { revisions } = (await get(url, 'history?limit=200')) as { revisions: readonly Revision[] };
  const moves = revisions
    .filter(({ rollout }) => rollout === id)
    .flatMap(({ diff }) => diff)
    .flatMap(({ path, after }) => {
      if (path.endsWith('.rolloutMove')) return [after];
      return path.endsWith('.metadata') ? [(after as { rolloutMove: number }).rolloutMove] : [];
    });
  expect(moves.toReversed()).toEqual(acts.map(({ move }) => move));
  expect(moves.toReversed()).toEqual(acts.map((_, index) => index + 1));
  expect(verdict?.looks).toBe(looks);
}

interface Revision {
  readonly rollout?: string;
  readonly diff: ReadonlyArray<{ readonly path: string; readonly after?: unknown }>;
}

async function get(url: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/environments/default/${path}`);
  return response.json();
}
