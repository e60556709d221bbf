import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EvaluationContext } from '@graylane/flags';
import type { Descriptors } from '../../http/descriptors.ts';
import { isObject } from '../../is-object.ts';
import type { Log } from '../../log.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { tagOf } from '../../http/entity-tag.ts';
import { environmentOf } from '../../http/environment-header.ts';
import type { Guard } from '../../http/guard.ts';
import { jsonBody } from '../../http/json-body.ts';
import { answerAll, answerOne } from './response.ts';
import { answerOfrepError, OfrepError } from './errors.ts';
import { answerProblem } from '../../http/problem-details.ts';
import { RateLimit } from '../../http/rate-limit.ts';
import { dontLinger } from '../../http/load-shedding.ts';
import { sendJson } from '../../http/send-json.ts';
import { refetchUri } from '../stream/routes.ts';

/** What OFREP is made of. */
export interface OfrepOptions {
  readonly environments: Environments;
  readonly descriptors: Descriptors;
  readonly guard: Guard;
  readonly settings: { readonly rateLimit?: number | undefined };
  readonly log: Log;
}

/** The largest evaluation context, with what is around it, and how deep it may nest. */
const [maxBodyBytes, maxDepth] = [262_144, 100];

/** JSON, and what clients of the command line send when nobody tells them otherwise. */
const types = ['application/json', 'application/*+json', 'text/plain', 'application/x-www-form-urlencoded'];

/** After so long out of sight a client may close its event stream. */
const inactivityDelaySec = 120;

const questions = /^\/ofrep\/v1\/evaluate\/flags(?:\/([^/?]+))?\/?(?:\?|$)/;

/**
 * The OpenFeature Remote Evaluation Protocol 0.3: one flag, and all of them with the stream that says when to ask again. Answers whether
 * the request was such a question. They do not go through express, which takes longer to find a route than an answer takes.
 */
export function ofrepRoutes({
  environments,
  descriptors,
  guard,
  settings,
  log,
}: OfrepOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  const limit = new RateLimit(settings.rateLimit);
  const readJson = jsonBody({ types, limit: maxBodyBytes, depth: maxDepth });

  const answer = (request: IncomingMessage, response: ServerResponse, segment: string | undefined): void => {
    const environment = environmentOf(request);
    const { flags } = storeOf(environments, environment).snapshot;
    const context = readContext(request);
    if (segment !== undefined) {
      const { status, body } = answerOne(flags, decodeKey(segment), context);
      sendJson(response, status, body);
      return;
    }
    // The query `flagConfigEtag` and `flagConfigLastModified` ask for rules at least as new as an event has told of: every answer is made
    // of the newest rules, so there is nothing to do about them.
    const endpoint = { requestUri: refetchUri(environment) };
    const eventStreams = [{ type: 'sse', endpoint, inactivityDelaySec }];
    sendUnlessKnown(request, response, answerAll(flags, context, { eventStreams }));
  };

  return (request, response) => {
    const [asked, segment] = (request.method === 'POST' && questions.exec(request.url ?? '')) || [];
    if (asked === undefined) return false;
    try {
      guard.admit(request);
    } catch (error) {
      answerProblem(error, response, log);
      return true;
    }
    guard.allowReading(request, response);
    dontLinger(descriptors, response);
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        answerOfrepError(error, segment, response, log);
      }
    };
    attempt(() => {
      limit.admit(request, response);
      // A body need not say what it is (RFC 9110, section 8.3). Passed over, it would be a question without its context.
      request.headers['content-type'] ??= 'application/json';
      readJson(request, response, (error) =>
        attempt(() => {
          if (error !== undefined) throw error;
          answer(request, response, segment);
        }),
      );
    });
    return true;
  };
}

function decodeKey(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new OfrepError(400, 'GENERAL', `the key ${JSON.stringify(segment)} is not well encoded`);
  }
}

/** A question without a body is one with an empty context. */
function readContext(request: IncomingMessage & { body?: unknown }): EvaluationContext {
  const { body, headers } = request;
  if (body === undefined) {
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return {};
    const type = JSON.stringify(headers['content-type']);
    throw new OfrepError(415, 'GENERAL', `the body is ${type}: send application/json`);
  }
  if (isObject(body)) {
    const { context = {} } = body;
    if (isObject(context)) return context;
  }
  throw new OfrepError(400, 'INVALID_CONTEXT', 'the body must be a JSON object whose "context" is an object');
}

/** The tag is that of the answer, so it covers the rules and the context alike. */
function sendUnlessKnown(request: IncomingMessage, response: ServerResponse, body: string): void {
  const tag = tagOf(body);
  response.setHeader('etag', tag);
  response.setHeader('cache-control', 'no-cache');
  if (isKnown(request.headers['if-none-match'], tag)) {
    response.statusCode = 304;
    response.end();
  } else sendJson(response, 200, body);
}

/** `If-None-Match` compares weakly (RFC 9110, section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  const known = new Set((header ?? '').split(',').map((one) => one.trim().replace(/^W\//, '')));
  return known.has(tag) || known.has('*');
}
