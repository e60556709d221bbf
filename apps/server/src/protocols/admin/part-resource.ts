import type { Request, Response, Router } from 'express';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { PartPath } from '../../model/document.ts';
import { around, flagsText } from '../../model/document-text.ts';
import { judgeChange } from '../../model/judge-change.ts';
import { partOf } from '../../model/parts.ts';
import { TimeSlices } from '../../time-slices.ts';
import { authorship } from './authorship.ts';
import { entityTag } from '../../http/body/entity-tag.ts';
import { mergePatch } from './merge-patch.ts';
import { precondition } from './precondition.ts';
import { RequestError } from '../../model/request-error.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { readBody } from '../../http/body/read-body.ts';
import { sendPieces } from './send-pieces.ts';

/** A kind of parts of a document that are read and written one by one. */
export interface PartKind {
  /** `flag` or `segment`. */
  readonly noun: string;
  readonly member: 'flags' | '$evaluators';
  readonly patchable: boolean;
}

/** Routes `/environments/{environment}/{noun}s` and `…/{name}`: reads, and conditional writes. */
export function partResource(router: Router, environments: Environments, kind: PartKind): void {
  const { noun, member, patchable } = kind;

  router
    .route(`/environments/:environment/${noun}s`)
    .get(async (request: InEnvironment, response: Response) => {
      const { flags, shared, revision } = storeOf(environments, request.params.environment).snapshot;
      response.setHeader('cache-control', 'no-cache');
      if (member === 'flags') {
        const head = `{"revision":${JSON.stringify(revision)},"flags":`;
        await sendPieces(response, around(head, await flagsText(flags), '}'));
      } else response.json({ revision, [`${noun}s`]: shared[member] ?? {} });
    })
    .all(methodNotAllowed('GET'));

  const one = router
    .route(`/environments/:environment/${noun}s/:name`)
    .get((request: OfPart, response: Response) => {
      const { environment } = request.params;
      const definition = partOf(storeOf(environments, environment).snapshot, pathOf(request));
      if (definition === undefined) throw unknownPart(request);
      response.setHeader('cache-control', 'no-cache');
      send(response, definition);
    })
    .put(readBody(), async (request: OfPart, response: Response) => {
      await write(request, response, (sent) => sent);
    })
    .delete(async (request: OfPart, response: Response) => {
      const path = pathOf(request);
      const { revision } = await storeOf(environments, request.params.environment).write(async (current) => {
        const before = partOf(current, path);
        if (before === undefined) throw unknownPart(request);
        precondition(request, noun, entityTag(before));
        const problems = await judgeChange(current, [{ path, before }], new TimeSlices());
        if (problems.length > 0) throw new RequestError('conflict', `the ${noun} is in use`, { problems });
        return { ...authorship(request), edits: [{ path, value: undefined }] };
      });
      response.setHeader('graylane-revision', revision);
      response.status(204).end();
    });
  if (patchable) {
    one.patch(
      readBody({ type: 'application/merge-patch+json' }),
      async (request: OfPart, response: Response) => {
        await write(request, response, (patch, before) => {
          if (before === undefined) throw unknownPart(request);
          return mergePatch(before, patch);
        });
      },
    );
  }
  one.all(methodNotAllowed('GET', 'PUT', ...(patchable ? ['PATCH'] : []), 'DELETE'));

  async function write(
    request: OfPart,
    response: Response,
    revise: (sent: unknown, before: unknown) => unknown,
  ): Promise<void> {
    const sent: unknown = request.body;
    const path = pathOf(request);
    let created = false;
    const snapshot = await storeOf(environments, request.params.environment).write((current) => {
      const before = partOf(current, path);
      const value = revise(sent, before);
      precondition(request, noun, before === undefined ? undefined : entityTag(before));
      created = before === undefined;
      return { ...authorship(request), edits: [{ path, value }] };
    });
    response.setHeader('graylane-revision', snapshot.revision);
    send(response.status(created ? 201 : 200), partOf(snapshot, path));
  }

  function pathOf({ params: { name } }: OfPart): PartPath {
    return [member, name];
  }

  function unknownPart({ params: { name } }: OfPart): RequestError {
    return new RequestError(
      'not_found',
      `there is no ${noun} "${name}": create it with PUT and "If-None-Match: *"`,
    );
  }
}

function send(response: Response, definition: unknown): void {
  response.setHeader('etag', entityTag(definition));
  response.json(definition);
}

type InEnvironment = Request<{ environment: string }>;
type OfPart = Request<{ environment: string; name: string }>;
