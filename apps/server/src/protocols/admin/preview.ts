import {
  createWorkBudget,
  evaluate,
  type EvaluateOptions,
  type EvaluationContext,
  type FlagSet,
} from '@graylane/flags';
import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { readBytes } from '../../http/body/read-body.ts';
import { isObject } from '../../is-object.ts';
import { maxDepth, nestsDeeper } from '../../json-depth.ts';
import { MalformedJson } from '../../json/cursor.ts';
import { kindOf, parseItems, parseMembers, splitMembers } from '../../json/members.ts';
import type { Edit } from '../../model/document.ts';
import { requireSmallContext } from '../../model/context-size.ts';
import { around } from '../../model/document-text.ts';
import { RequestError } from '../../model/request-error.ts';
import { applyChange, type Proposal } from '../../store/apply-change.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { syntaxFault } from '../../syntax-fault.ts';
import { TimeSlices } from '../../time-slices.ts';
import { readDraft } from './read-draft.ts';
import { sendPieces } from './send-pieces.ts';

const maxContexts = 1000;
const maxEvaluations = 100_000;
const chunkCharacters = 65_536;

/** Route `…/preview`: evaluates contexts before and after a draft, and writes nothing. */
export function previewApi(router: Router, environments: Environments): void {
  router
    .route('/environments/:environment/preview')
    .post(
      readBytes({ limit: 16_777_216 }),
      async (request: Request<{ environment: string }>, response: Response) => {
        const { snapshot } = storeOf(environments, request.params.environment);
        const slices = new TimeSlices();
        const { contexts, proposal } = await readRequest(request.body as Buffer, slices);
        const draft = await applyChange(snapshot, proposal, slices);
        if ('problems' in draft) {
          throw new RequestError('invalid', 'the draft is not valid', { problems: draft.problems });
        }
        const comparison = { before: snapshot.flags, after: draft.flags, keys: draft.affected, contexts };
        const head = `{"revision":${JSON.stringify(snapshot.revision)},`;
        await sendPieces(response, around(head, await compare(comparison, slices), '}'));
      },
    )
    .all(methodNotAllowed('POST'));
}

interface Comparison {
  readonly before: FlagSet;
  readonly after: FlagSet;
  /** The flags that may evaluate differently. */
  readonly keys: readonly string[];
  readonly contexts: readonly EvaluationContext[];
}

/**
 * The members of the response, as JSON. Each flag is evaluated at the same time before and after,
 * and all evaluations share one work budget.
 */
async function compare({ before, after, keys, contexts }: Comparison, slices: TimeSlices): Promise<Buffer[]> {
  if (keys.length * contexts.length > maxEvaluations) {
    const remedy = `send at most ${Math.floor(maxEvaluations / keys.length)} contexts`;
    throw new RequestError(
      'too_large',
      `${keys.length} flags differ, for ${contexts.length} contexts: ${remedy}`,
    );
  }
  const options = { now: Date.now(), budget: createWorkBudget() };
  const counts = new Map(keys.map((key) => [key, 0]));
  const changed = new Set<number>();
  const pieces: Buffer[] = [];
  let text = '';
  let separator = '';
  for (const [context, values] of contexts.entries()) {
    for (const flag of keys) {
      const [old, next] = [before, after].map((flags) => result(flags, flag, values, options));
      if (old !== next) {
        counts.set(flag, (counts.get(flag) ?? 0) + 1);
        changed.add(context);
        text += `${separator}{"context":${context},"flag":${JSON.stringify(flag)},"before":${old},"after":${next}}`;
        separator = ',';
        if (text.length > chunkCharacters) {
          pieces.push(Buffer.from(text));
          text = '';
        }
      }
      if (slices.over) await slices.next();
    }
  }
  pieces.push(Buffer.from(`${text}]`));
  const summary = { contexts: contexts.length, changed: changed.size, flags: Object.fromEntries(counts) };
  return [Buffer.from(`${JSON.stringify(summary).slice(1, -1)},"changes":[`), ...pieces];
}

/** The result for a caller, as JSON. Why a flag has it may change without notice. */
function result(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  options: Required<EvaluateOptions>,
): string {
  const { value, variant, errorCode } = evaluate(flags, key, context, options);
  // Both results would be this error, and a change between them would not be seen.
  if (errorCode === 'GENERAL' && options.budget.left === 0) {
    throw new RequestError(
      'too_large',
      'the evaluations take too much work together: send fewer contexts, or contexts of shorter values',
    );
  }
  return JSON.stringify({ value, variant, errorCode });
}

async function readRequest(
  body: Buffer,
  slices: TimeSlices,
): Promise<{ readonly contexts: readonly EvaluationContext[]; readonly proposal: Proposal }> {
  if (nestsDeeper(body, maxDepth)) {
    throw new RequestError(
      'invalid_request',
      `the body nests deeper than ${maxDepth} levels: make it flatter`,
    );
  }
  try {
    requireKind(body, '{', '$');
    const members = await splitMembers(body, slices);
    return { contexts: await readContexts(members, slices), proposal: await readProposal(members, slices) };
  } catch (error) {
    if (!(error instanceof MalformedJson) && !(error instanceof SyntaxError)) throw error;
    throw new RequestError('unparsable', syntaxFault('the body', body.toString()));
  }
}

async function readContexts(
  members: ReadonlyMap<string, Buffer>,
  slices: TimeSlices,
): Promise<readonly EvaluationContext[]> {
  const sent = members.get('contexts');
  const contexts = sent && kindOf(sent) === '[' ? await parseItems(sent, slices) : [];
  if (contexts.length === 0 || contexts.length > maxContexts) {
    const remedy = `send an array of 1 to ${maxContexts} evaluation contexts`;
    throw problemAt('$.contexts', `"contexts" has ${contexts.length} evaluation contexts`, remedy);
  }
  return contexts.map((context, index) => {
    if (!isObject(context))
      throw problemAt(`$.contexts[${index}]`, 'this is not an object', 'send an object');
    requireSmallContext(context);
    return context;
  });
}

/**
 * The draft: the document that was sent, or edits of the flags and segments that were sent; null
 * removes.
 */
async function readProposal(members: ReadonlyMap<string, Buffer>, slices: TimeSlices): Promise<Proposal> {
  const document = members.get('document');
  const [flags, segments] = [members.get('flags'), members.get('segments')];
  if ((document === undefined) === (flags === undefined && segments === undefined)) {
    throw problemAt(
      '$',
      'the body must have exactly one draft',
      'send "document", or "flags" and "segments"',
    );
  }
  if (document !== undefined) return { document: await readDraft(document) };
  const edits: Edit[] = [];
  for (const [member, name, sent] of [
    ['flags', 'flags', flags],
    ['$evaluators', 'segments', segments],
  ] as const) {
    if (sent === undefined) continue;
    requireKind(sent, '{', `$.${name}`);
    for (const [key, value] of await parseMembers(sent, slices)) {
      edits.push({ path: [member, key], value: value ?? undefined });
    }
  }
  return { edits };
}

function requireKind(value: Buffer, kind: '{', path: string): void {
  if (kindOf(value) !== kind) throw problemAt(path, 'this is not an object', 'send an object');
}

function problemAt(path: string, message: string, remedy: string): RequestError {
  return new RequestError('invalid_request', `${message}: ${remedy}`, {
    problems: [{ path, message, remedy }],
  });
}
