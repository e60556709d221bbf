import { createHash } from 'node:crypto';
import { evaluate, type Evaluation, type EvaluationContext } from '@graylane/flags';
import express, { Router, type ErrorRequestHandler, type Request } from 'express';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';

const maxBody = '1mb';

/** The OpenFeature Remote Evaluation Protocol: one flag, or all of them. */
export function ofrep(environments: Environments): Router {
  const store = storeOf(environments, defaultEnvironment);
  const router = Router();
  router.use(express.json({ type: () => true, limit: maxBody }));

  router.post('/evaluate/flags/:key', (request: Request<{ key: string }>, response) => {
    const { key } = request.params;
    const context = readContext(request.body);
    if (context === undefined) {
      response.status(400).json({ key, ...invalidContext });
      return;
    }
    const answer = evaluate(store.snapshot.flags, key, context);
    response.status(statusOf(answer)).json(describe(key, answer));
  });

  router.post('/evaluate/flags', (request, response) => {
    const context = readContext(request.body);
    if (context === undefined) {
      response.status(400).json(invalidContext);
      return;
    }
    const { flags } = store.snapshot;
    const answers = [...flags.keys()].map((key) => describe(key, evaluate(flags, key, context)));
    const body = JSON.stringify({ flags: answers, metadata: flags.metadata });
    // The tag is that of the answer, so it covers the rules and the context alike.
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    response.setHeader('etag', tag);
    if (isKnown(request.get('if-none-match'), tag)) response.status(304).end();
    else response.type('application/json').send(body);
  });

  router.use(unreadableBody);
  return router;
}

const invalidContext = {
  errorCode: 'INVALID_CONTEXT',
  errorDetails: 'the body must be a JSON object whose "context" is an object',
};

const unreadableBody: ErrorRequestHandler = (
  error: { type?: unknown; message?: unknown },
  _request,
  response,
  next,
) => {
  if (error.type === 'entity.parse.failed') {
    response
      .status(400)
      .json({ errorCode: 'PARSE_ERROR', errorDetails: `the body is not JSON: ${String(error.message)}` });
  } else next(error);
};

/** A body without a context asks with an empty one. */
function readContext(body: unknown): EvaluationContext | undefined {
  if (body === undefined) return {};
  if (!isObject(body)) return undefined;
  const { context = {} } = body;
  return isObject(context) ? context : undefined;
}

/** What OFREP says of one flag. Without a value the caller's own default serves. */
function describe(key: string, answer: Evaluation): object {
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = answer;
  const metadata = Object.keys(flagMetadata).length > 0 ? { metadata: flagMetadata } : {};
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage, ...metadata };
  return { key, value, variant, reason, ...metadata };
}

function statusOf({ errorCode }: Evaluation): number {
  if (errorCode === undefined) return 200;
  return errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
}

/** `If-None-Match` compares weakly (RFC 9110, section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  const known = new Set((header ?? '').split(',').map((one) => one.trim().replace(/^W\//, '')));
  return known.has(tag) || known.has('*');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
