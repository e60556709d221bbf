import type { Request, Response, Router } from 'express';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { ParsedDocument, Snapshot } from '../../model/document.ts';
import { documentText } from '../../model/document-text.ts';
import { authorship } from './authorship.ts';
import { principalOf, requireScope } from '../../http/front-door/principal.ts';
import { readBytes } from '../../http/body/read-body.ts';
import { precondition } from './precondition.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { readDraft } from './read-draft.ts';
import { sendPieces } from './send-pieces.ts';

const maxBody = 16_777_216;

/**
 * Routes `/environments` and `/environments/{environment}`: the environment as one flag document.
 * Its ETag is its revision, so a write of the whole is refused if anything has changed in the
 * meantime.
 */
export function environmentsApi(router: Router, environments: Environments): void {
  router
    .route('/environments')
    .get((request, response) => {
      const { environment } = principalOf(request);
      const names = environments.names.filter((name) => environment === undefined || name === environment);
      response.setHeader('cache-control', 'no-cache');
      response.json({ environments: names.map((name) => summary(environments, name)) });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment')
    .get(async (request: OfEnvironment, response: Response) => {
      const { snapshot } = storeOf(environments, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      await sendDocument(response, 200, snapshot);
    })
    .put(readBytes({ limit: maxBody }), async (request: OfEnvironment, response: Response) => {
      const { environment } = request.params;
      const sent = await readDraft(request.body as Buffer);
      const created = environments.get(environment) === undefined;
      const store = created ? await create(request, sent) : await replace(request, sent);
      await sendDocument(response, created ? 201 : 200, store.snapshot);
    })
    .delete(async (request: OfEnvironment, response: Response) => {
      await environments.remove(request.params.environment, ({ revision }) => {
        precondition(request, 'environment', revisionTag(revision));
        return authorship(request);
      });
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'PUT', 'DELETE'));

  async function create(request: OfEnvironment, document: ParsedDocument): Promise<FlagStore> {
    requireScope(principalOf(request), 'admin');
    precondition(request, 'environment', undefined);
    return environments.create(request.params.environment, document, authorship(request));
  }

  async function replace(request: OfEnvironment, document: ParsedDocument): Promise<FlagStore> {
    const store = storeOf(environments, request.params.environment);
    await store.write((current) => {
      precondition(request, 'environment', revisionTag(current.revision));
      return { ...authorship(request), document };
    });
    return store;
  }
}

async function sendDocument(response: Response, status: number, snapshot: Snapshot): Promise<void> {
  response.setHeader('etag', revisionTag(snapshot.revision));
  response.setHeader('graylane-revision', snapshot.revision);
  await sendPieces(response.status(status), await documentText(snapshot));
}

/** The validator of an environment as a whole: its revision. */
export function revisionTag(revision: string): string {
  return `"${revision}"`;
}

function summary(environments: Environments, name: string): object {
  const store = storeOf(environments, name);
  const { revision, flags } = store.snapshot;
  return { name, revision, flags: flags.size, ...store.health() };
}

type OfEnvironment = Request<{ environment: string }>;
