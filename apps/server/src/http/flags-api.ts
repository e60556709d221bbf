import { createHash } from 'node:crypto';
import { checkFlag, type Flag } from '@graylane/flags';
import express, { Router, type Request, type Response } from 'express';
import type { FlagStore } from '../store/flag-store.ts';
import { mergePatch } from './merge-patch.ts';
import { precondition } from './precondition.ts';
import { HttpProblem } from './problem-details.ts';

const maxBody = '1mb';

/** Reads and writes flag definitions, one by one: `/flags` and `/flags/{key}` of an environment. */
export function flagsApi(store: FlagStore): Router {
  const router = Router();
  const body = express.json({ type: ['application/json', 'application/merge-patch+json'], limit: maxBody });

  router.get('/flags', (_request, response) => {
    const { document, revision } = store.snapshot;
    response.setHeader('cache-control', 'no-cache');
    response.json({ revision, flags: document.flags });
  });

  router.get('/flags/:key', (request: Request<{ key: string }>, response) => {
    const { key } = request.params;
    const flag = store.snapshot.flags.get(key);
    if (flag === undefined) throw unknownFlag(key);
    response.setHeader('cache-control', 'no-cache');
    sendFlag(response, flag);
  });

  router.put('/flags/:key', body, async (request: Request<{ key: string }>, response) => {
    await write(request, response, (definition) => definition);
  });

  router.patch('/flags/:key', body, async (request: Request<{ key: string }>, response) => {
    await write(request, response, (patch, flag) => {
      if (flag === undefined) throw unknownFlag(request.params.key);
      return mergePatch(flag.definition, patch);
    });
  });

  router.delete('/flags/:key', async (request: Request<{ key: string }>, response) => {
    const { key } = request.params;
    await store.write((flag) => {
      if (flag === undefined) throw unknownFlag(key);
      precondition(request, entityTag(flag));
      return { key, definition: undefined };
    }, key);
    response.status(204).end();
  });

  async function write(
    request: Request<{ key: string }>,
    response: Response,
    revise: (sent: unknown, flag: Flag | undefined) => unknown,
  ): Promise<void> {
    const { key } = request.params;
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
