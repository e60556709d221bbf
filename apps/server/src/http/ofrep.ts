import { createHash } from 'node:crypto';
import { evaluate, type EvaluationContext } from '@graylane/flags';
import { Router, type Request, type RequestHandler } from 'express';
import type { Log } from '../log.ts';
import { storeOf, type Environments } from '../store/environments.ts';
import { environmentOf } from './environment-header.ts';
import { jsonBody } from './json-body.ts';
import { describeEvaluation, statusOf } from './ofrep-answer.ts';
import { OfrepError, ofrepErrors } from './ofrep-errors.ts';
import { rateLimit } from './rate-limit.ts';
import { refetchUri } from './stream-routes.ts';
import { isObject } from '../is-object.ts';

/** What OFREP is made of. */
export interface OfrepOptions {
  readonly environments: Environments;
  /** How many questions a second one client address may ask; undefined is no limit. */
  readonly rateLimit: number | undefined;
  readonly log: Log;
}

/** The largest evaluation context, with what is around it. */
const maxBodyBytes = 262_144;

/** JSON, and what clients of the command line send when nobody tells them otherwise. */
const types = ['application/json', 'application/*+json', 'text/plain', 'application/x-www-form-urlencoded'];

/** After so long out of sight a client may close its event stream. */
const inactivityDelaySec = 120;

/** The OpenFeature Remote Evaluation Protocol 0.3: one flag, and all of them with the stream that says when to ask again. */
export function ofrep({ environments, rateLimit: perSecond, log }: OfrepOptions): Router {
  const router = Router();
  router.use('/evaluate', rateLimit(perSecond), jsonOnly, jsonBody({ types, limit: maxBodyBytes }));

  router.post('/evaluate/flags/:key', (request: Request<{ key: string }>, response) => {
    const { key } = request.params;
    const { flags } = storeOf(environments, environmentOf(request)).snapshot;
    const answer = evaluate(flags, key, readContext(request.body));
    response.status(statusOf(answer)).json(describeEvaluation(key, answer));
  });

  // The query `flagConfigEtag` and `flagConfigLastModified` ask for rules at least as new as an event has told of: every answer is made
  // of the newest rules, so there is nothing to do about them.
  router.post('/evaluate/flags', (request, response) => {
    const environment = environmentOf(request);
    const { flags } = storeOf(environments, environment).snapshot;
    const context = readContext(request.body);
    const answers = [...flags.keys()].map((key) => describeEvaluation(key, evaluate(flags, key, context)));
    const endpoint = { requestUri: refetchUri(environment) };
    const eventStreams = [{ type: 'sse', endpoint, inactivityDelaySec }];
    const body = JSON.stringify({ flags: answers, metadata: flags.metadata, eventStreams });
    // The tag is that of the answer, so it covers the rules and the context alike.
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    response.setHeader('etag', tag);
    response.setHeader('cache-control', 'no-cache');
    if (isKnown(request.get('if-none-match'), tag)) response.status(304).end();
    else response.type('application/json').send(body);
  });

  router.use(ofrepErrors(log));
  return router;
}

const jsonOnly: RequestHandler = (request, _response, next) => {
  const type = request.get('content-type');
  if (type === undefined || request.is(types)) next();
  else next(new OfrepError(415, 'GENERAL', `the body is ${JSON.stringify(type)}: send application/json`));
};

/** A body without a context asks with an empty one. */
function readContext(body: unknown): EvaluationContext {
  if (body === undefined) return {};
  if (isObject(body)) {
    const { context = {} } = body;
    if (isObject(context)) return context;
  }
  throw new OfrepError(400, 'INVALID_CONTEXT', 'the body must be a JSON object whose "context" is an object');
}

/** `If-None-Match` compares weakly (RFC 9110, section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  const known = new Set((header ?? '').split(',').map((one) => one.trim().replace(/^W\//, '')));
  return known.has(tag) || known.has('*');
}
