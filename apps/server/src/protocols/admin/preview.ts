import { setImmediate } from 'node:timers/promises';
import { changedFlags, compileFlags, evaluate, type EvaluationContext, type FlagSet } from '@graylane/flags';
import type { Request, Response, Router } from 'express';
import { storeOf, type Environments } from '../../store/environments.ts';
import { type Edit, type FlagDocument, type Snapshot } from '../../store/flag-store.ts';
import { judgeChange } from '../../model/judge-change.ts';
import { differingParts, withEdits } from '../../model/parts.ts';
import { RequestError } from '../../model/request-error.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { readBody } from '../../http/body/read-body.ts';
import { readDraft } from './read-draft.ts';
import { isObject } from '../../is-object.ts';

const maxContexts = 1000;
const maxEvaluations = 100_000;

/** Route `…/preview`: who would change. Evaluates contexts before and after a draft, and writes nothing. */
export function previewApi(router: Router, environments: Environments): void {
  router
    .route('/environments/:environment/preview')
    .post(
      readBody({ limit: 16_777_216 }),
      async (request: Request<{ environment: string }>, response: Response) => {
        const { snapshot } = storeOf(environments, request.params.environment);
        const contexts = readContexts(request.body);
        const document = readProposal(request.body, snapshot);
        const problems = judgeChange(document, differingParts(snapshot.document, document));
        if (problems.length > 0)
          throw new RequestError('invalid_request', 'the draft is not valid', { problems });
        const draft = compileFlags(document, { previous: snapshot.flags });
        response.json({
          revision: snapshot.revision,
          ...(await compare(snapshot.flags, draft, contexts)),
        });
      },
    )
    .all(methodNotAllowed('POST'));
}

interface Change {
  /** The position of the context in the request. */
  readonly context: number;
  readonly flag: string;
  readonly before: object;
  readonly after: object;
}

/** Only flags that may answer differently are asked, each at one and the same time before and after. */
async function compare(
  before: FlagSet,
  after: FlagSet,
  contexts: readonly EvaluationContext[],
): Promise<object> {
  const keys = changedFlags(before, after);
  if (keys.length * contexts.length > maxEvaluations) {
    const remedy = `send ${Math.floor(maxEvaluations / keys.length)} contexts at once`;
    throw new RequestError(
      'too_large',
      `${keys.length} flags differ, for ${contexts.length} contexts: ${remedy}`,
    );
  }
  const now = Date.now();
  const changes: Change[] = [];
  for (const [context, values] of contexts.entries()) {
    for (const flag of keys) {
      const [old, next] = [before, after].map((flags) => answer(flags, flag, values, now));
      if (JSON.stringify(old) !== JSON.stringify(next)) {
        changes.push({ context, flag, before: old ?? {}, after: next ?? {} });
      }
    }
    // Others want to be served too.
    if (context % 50 === 49) await setImmediate();
  }
  const counts = Object.fromEntries(
    keys.map((key) => [key, changes.filter(({ flag }) => flag === key).length]),
  );
  const changed = new Set(changes.map(({ context }) => context)).size;
  return { contexts: contexts.length, changed, flags: counts, changes };
}

/** What a caller gets: why a flag answers as it does may change without anybody noticing. */
function answer(flags: FlagSet, key: string, context: EvaluationContext, now: number): object {
  const { value, variant, errorCode } = evaluate(flags, key, context, { now });
  return { value, variant, errorCode };
}

function readContexts(body: unknown): readonly EvaluationContext[] {
  const { contexts } = asObject(body, '$');
  if (!Array.isArray(contexts) || contexts.length === 0 || contexts.length > maxContexts) {
    throw problemAt(
      '$.contexts',
      'there is no list of contexts',
      `send 1 to ${maxContexts} evaluation contexts`,
    );
  }
  return (contexts as unknown[]).map((context, index) => asObject(context, `$.contexts[${index}]`));
}

/** The document as it would be: the one that was sent, or the current one with the flags and segments that were sent; null removes. */
function readProposal(body: unknown, { document }: Snapshot): FlagDocument {
  const { document: whole, flags, segments } = asObject(body, '$');
  if ((whole === undefined) === (flags === undefined && segments === undefined)) {
    throw problemAt('$', 'there is no draft, or there are two', 'send "document", or "flags" and "segments"');
  }
  if (whole !== undefined) return readDraft(whole);
  return withEdits(document, [
    ...readEdits('flags', asObject(flags === undefined ? {} : flags, '$.flags')),
    ...readEdits('$evaluators', asObject(segments === undefined ? {} : segments, '$.segments')),
  ]);
}

function readEdits(member: 'flags' | '$evaluators', drafts: object): Edit[] {
  return Object.entries(drafts).map(([name, value]: [string, unknown]) => ({
    path: [member, name],
    value: value ?? undefined,
  }));
}

function asObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return { ...value };
  throw problemAt(path, 'this is no object', 'send an object');
}

function problemAt(path: string, message: string, remedy: string): RequestError {
  return new RequestError('invalid_request', `${message}: ${remedy}`, {
    problems: [{ path, message, remedy }],
  });
}
