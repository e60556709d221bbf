import type { Request, Response, Router } from 'express';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { PartPath } from '../../model/document.ts';
import type { Revision } from '../../model/revision.ts';
import { diff } from '../../model/diff.ts';
import { actOfRevision } from '../../rollouts/targeting/act-of-revision.ts';
import { jsonPath } from '../../model/parts.ts';
import { undoOf } from '../../model/undo.ts';
import { changesSince } from '../../store/changes-since.ts';
import { authorship } from './authorship.ts';
import { revisionTag } from './environments.ts';
import { precondition } from './precondition.ts';
import { RequestError } from '../../model/request-error.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';

const defaultLimit = 50;
const maxLimit = 200;

/**
 * Routes `…/history` of an environment, a flag or a segment: revisions, their differences, and
 * undo.
 */
export function historyApi(router: Router, environments: Environments): void {
  const list = async (request: OfHistory, response: Response): Promise<void> => {
    const { environment, flag, segment } = request.params;
    const part: PartPath | undefined = flag
      ? ['flags', flag]
      : segment
        ? ['$evaluators', segment]
        : undefined;
    const limit = readLimit(request.query['limit']);
    const before = readRevision(request.query['before'], 'before');
    // One more than the limit shows whether there is a next page.
    const found = await storeOf(environments, environment).history({ limit: limit + 1, before, part });
    const revisions = found.slice(0, limit);
    const next = found.length > limit ? revisions.at(-1)?.revision : undefined;
    response.setHeader('cache-control', 'no-cache');
    response.json({ revisions: revisions.map(describe), next });
  };
  for (const of of ['', '/flags/:flag', '/segments/:segment']) {
    router.route(`/environments/:environment${of}/history`).get(list).all(methodNotAllowed('GET'));
  }

  router
    .route('/environments/:environment/history/:revision')
    .get(async (request: OfRevision, response: Response) => {
      response.setHeader('cache-control', 'no-cache');
      const newer = await find(request);
      const from = readRevision(request.query['from'], 'from');
      const { changes, ...revision } = from === undefined ? newer : await since(request, newer, from);
      const parts = changes.map(({ path, ...values }) => ({ path: jsonPath(path), ...values }));
      response.json({ ...describe({ changes, ...revision }), changes: parts });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment/history/:revision/undo')
    .post(async (request: OfRevision, response: Response) => {
      const revision = await find(request);
      const store = storeOf(environments, request.params.environment);
      const after = await store.write((current) => {
        if (request.headers['if-match'] !== undefined) {
          precondition(request, 'environment', revisionTag(current.revision));
        }
        const undone = undoOf(revision, current);
        if ('problems' in undone) {
          const detail = `revision ${revision.revision} can't be undone: later revisions changed the same parts`;
          throw new RequestError('conflict', detail, { problems: undone.problems });
        }
        const { reason = `undo ${revision.revision}`, author } = authorship(request);
        return { author, reason, undoes: revision.revision, edits: undone.edits };
      });
      const made = await store.revision(after.revision);
      response.setHeader('graylane-revision', after.revision);
      response.json(made && describe(made));
    })
    .all(methodNotAllowed('POST'));

  /** The newer revision with everything that has changed since an older one. */
  async function since(request: OfRevision, newer: Revision, from: string): Promise<Revision> {
    const store = storeOf(environments, request.params.environment);
    const changes = await changesSince(store, newer, from);
    if (changes !== undefined) return { ...newer, changes };
    throw new RequestError(
      'invalid_request',
      `from is ${JSON.stringify(from)}, which is not a revision before ${newer.revision}: name an older revision`,
    );
  }

  async function find({ params: { environment, revision } }: OfRevision): Promise<Revision> {
    const found = await storeOf(environments, environment).revision(revision);
    if (found) return found;
    const remedy = `GET /api/v1/environments/${encodeURIComponent(environment)}/history lists all`;
    throw new RequestError('not_found', `there is no revision ${JSON.stringify(revision)} here: ${remedy}`);
  }
}

/** A revision of a rollout names it, so that its report is found. */
function describe({ changes, ...revision }: Revision): object {
  const rollout = actOfRevision({ changes })?.id;
  return { ...revision, rollout, diff: changes.flatMap(diff) };
}

function readLimit(value: unknown): number {
  if (value === undefined) return defaultLimit;
  const limit = Number(value);
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new RequestError(
    'invalid_request',
    `limit is ${JSON.stringify(value)}: use a number from 1 to ${maxLimit}`,
  );
}

function readRevision(value: unknown, name: 'before' | 'from'): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestError(
    'invalid_request',
    `${name} is ${JSON.stringify(value)}: use one revision, e.g. "next" of a page`,
  );
}

type OfHistory = Request<{ environment: string; flag?: string; segment?: string }>;
type OfRevision = Request<{ environment: string; revision: string }>;
