import { createHash } from 'node:crypto';
import { checkFlag, type Flag } from '@graylane/flags';
import express, { Router, type Request, type Response } from 'express';
import { storeOf, type Environments } from '../store/environments.ts';
import { mergePatch } from './merge-patch.ts';
import { precondition } from './precondition.ts';
import { HttpProblem } from './problem-details.ts';

const maxBody = '1mb';

/** Reads and writes flag definitions, one by one: `/flags` and `/flags/{key}` of an environment. */
export function flagsApi(environments: Environments): Router {
  const router = Router({ mergeParams: true });
  const body = express.json({ type: ['application/json', 'application/merge-patch+json'], limit: maxBody });

  router.get('/flags', (request: InEnvironment, response) => {
    const { document, revision } = storeOf(environments, request.params.environment).snapshot;
    response.setHeader('cache-control', 'no-cache');
    response.json({ revision, flags: document.flags });
  });

  router.get('/flags/:key', (request: OfFlag, response) => {
    const { environment, key } = request.params;
    const flag = storeOf(environments, environment).snapshot.flags.get(key);
    if (flag === undefined) throw unknownFlag(key);
    response.setHeader('cache-control', 'no-cache');
    sendFlag(response, flag);
  });

  router.put('/flags/:key', body, async (request: OfFlag, response) => {
    await write(request, response, (definition) => definition);
  });

  router.patch('/flags/:key', body, async (request: OfFlag, response) => {
    await write(request, response, (patch, flag) => {
      if (flag === undefined) throw unknownFlag(request.params.key);
      return mergePatch(flag.definition, patch);
    });
  });

  router.delete('/flags/:key', async (request: OfFlag, response) => {
    const { environment, key } = request.params;
    await storeOf(environments, environment).write((flag) => {
      if (flag === undefined) throw unknownFlag(key);
      precondition(request, entityTag(flag));
      return { key, definition: undefined };
    }, key);
    response.status(204).end();
  });

  async function write(
    request: OfFlag,
    response: Response,
    revise: (sent: unknown, flag: Flag | undefined) => unknown,
  ): Promise<void> {
    const { environment, key } = request.params;
    const store = storeOf(environments, environment);
    const sent: unknown = request.body;
    if (sent === undefined) throw new HttpProblem(415, 'send one flag as application/json');
    let created = false;
    const { flags } = await store.write((flag) => {
      const definition = revise(sent, flag);
      precondition(request, flag && entityTag(flag));
      const { $evaluators } = store.snapshot.document;
      const problems = checkFlag(key, definition, $evaluators as Record<string, unknown> | undefined);
      if (problems.length > 0) throw new HttpProblem(400, `flag "${key}" is not valid`, problems);
      created = flag === undefined;
      return { key, definition: definition as object };
    }, key);
    response.status(created ? 201 : 200);
    const flag = flags.get(key);
    if (flag) sendFlag(response, flag);
  }

  return router;
}

type InEnvironment = Request<{ environment: string }>;
type OfFlag = Request<{ environment: string; key: string }>;

function sendFlag(response: Response, flag: Flag): void {
  response.setHeader('etag', entityTag(flag));
  response.json(flag.definition);
}

/** A strong validator of one flag: it changes when its definition does, whatever happens to others. */
function entityTag({ definition }: Flag): string {
  return `"${createHash('sha256').update(JSON.stringify(definition)).digest('base64url').slice(0, 22)}"`;
}

function unknownFlag(key: string): HttpProblem {
  return new HttpProblem(404, `there is no flag "${key}": create it with PUT and "If-None-Match: *"`);
}
