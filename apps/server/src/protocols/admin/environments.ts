import type { Request, Response, Router } from 'express';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { FlagDocument, FlagStore } from '../../store/flag-store.ts';
import { differingParts } from '../../model/parts.ts';
import { authorship } from './authorship.ts';
import { readBody } from '../../http/body/read-body.ts';
import { precondition } from './precondition.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { readDraft } from './read-draft.ts';

const maxBody = 16_777_216;

/**
 * Routes `/environments` and `/environments/{environment}`: the environment as one flag document. Its ETag is its revision, so a write of
 * the whole is refused where anything has changed meanwhile.
 */
export function environmentsApi(router: Router, environments: Environments): void {
  router
    .route('/environments')
    .get((_request, response) => {
      response.setHeader('cache-control', 'no-cache');
      response.json({ environments: environments.names.map((name) => summary(environments, name)) });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment')
    .get((request: OfEnvironment, response: Response) => {
      const { snapshot } = storeOf(environments, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      response.setHeader('etag', revisionTag(snapshot.revision));
      response.setHeader('graylane-revision', snapshot.revision);
      response.json(snapshot.document);
    })
    .put(readBody({ limit: maxBody }), async (request: OfEnvironment, response: Response) => {
      const { environment } = request.params;
      const sent = readDraft(request.body);
      const created = environments.get(environment) === undefined;
      const store = created ? await create(request, sent) : await replace(request, sent);
      const { document, revision } = store.snapshot;
      response.setHeader('etag', revisionTag(revision));
      response.setHeader('graylane-revision', revision);
      response.status(created ? 201 : 200).json(document);
    })
    .delete(async (request: OfEnvironment, response: Response) => {
      await environments.remove(request.params.environment, ({ revision }) => {
        precondition(request, 'environment', revisionTag(revision));
        return authorship(request);
      });
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'PUT', 'DELETE'));

  async function create(request: OfEnvironment, document: FlagDocument): Promise<FlagStore> {
    precondition(request, 'environment', undefined);
    return environments.create(request.params.environment, document, authorship(request));
  }

  async function replace(request: OfEnvironment, document: FlagDocument): Promise<FlagStore> {
    const store = storeOf(environments, request.params.environment);
    await store.write((current) => {
      precondition(request, 'environment', revisionTag(current.revision));
      const changes = differingParts(current.document, document);
      const edits = changes.map(({ path, after }) => ({ path, value: after }));
      return { ...authorship(request), edits };
    });
    return store;
  }
}

/** The validator of an environment as a whole: its revision. */
export function revisionTag(revision: string): string {
  return `"${revision}"`;
}

function summary(environments: Environments, name: string): object {
  const { snapshot, condition } = storeOf(environments, name);
  const { revision, flags } = snapshot;
  return { name, revision, flags: flags.size, readOnly: condition.readOnly, degraded: isDegraded(condition) };
}

function isDegraded({ fault, trouble }: FlagStore['condition']): boolean {
  return (fault ?? trouble) !== undefined;
}

type OfEnvironment = Request<{ environment: string }>;
