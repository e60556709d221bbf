import { raw, type Request, type Response, type Router } from 'express';
import { readBody } from '../../http/body/read-body.ts';
import { principalOf, requireEnvironment } from '../../http/front-door/principal.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { isObject } from '../../is-object.ts';
import { RequestError } from '../../model/request-error.ts';
import {
  createToken,
  defaultOverlapS,
  revokeToken,
  rotateToken,
  tokenOf,
  type TokenChange,
} from '../../tokens/change-tokens.ts';
import type { Principal } from '../../tokens/principal.ts';
import { readTokenRequest, type TokenRecord } from '../../tokens/token-record.ts';
import type { Tokens } from '../../tokens/tokens.ts';

const maxBody = 16_384;

/**
 * Routes `/tokens`: lists, creates, revokes and rotates tokens. A change is in force when the
 * response is sent. The holder of a token for one environment manages the tokens of that
 * environment.
 */
export function tokensApi(router: Router, tokens: Tokens): void {
  const change = async <T extends TokenChange>(
    decide: (records: readonly TokenRecord[]) => T,
  ): Promise<T> => {
    if (tokens.file === undefined) {
      const remedy = 'start the server with --tokens FILE, --data DIR or --database URL';
      throw new RequestError('read_only', `this server has no file of tokens: ${remedy}`);
    }
    const changed = await tokens.file.update(decide);
    await tokens.reload();
    return changed;
  };

  router
    .route('/tokens')
    .get((request: Request, response: Response) => {
      const visible = tokens.records.filter((record) => mayManage(principalOf(request), record));
      response.setHeader('cache-control', 'no-store');
      response.json({ tokens: visible.map(describeToken) });
    })
    .post(readBody({ limit: maxBody }), async (request: Request, response: Response) => {
      const wanted = readTokenRequest(isObject(request.body) ? request.body : {});
      requireEnvironment(principalOf(request), wanted.environment);
      const { record, token } = await change((records) => createToken(records, wanted, Date.now()));
      response.setHeader('cache-control', 'no-store');
      response.status(201).json({ ...describeToken(record), token });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/tokens/:id')
    .delete(async (request: OfToken, response: Response) => {
      await change((records) => {
        const { id } = tokenOf(visibleTo(request, records), request.params.id);
        return revokeToken(records, id);
      });
      response.status(204).end();
    })
    .all(methodNotAllowed('DELETE'));

  router
    .route('/tokens/:id/rotate')
    .post(raw({ type: () => true, limit: maxBody }), async (request: OfToken, response: Response) => {
      const overlapSeconds = readOverlap(request.body);
      const { record, token } = await change((records) => {
        const { id } = tokenOf(visibleTo(request, records), request.params.id);
        return rotateToken(records, id, overlapSeconds, Date.now());
      });
      response.setHeader('cache-control', 'no-store');
      response.json({ ...describeToken(record), token });
    })
    .all(methodNotAllowed('POST'));
}

/** A token for the caller's eyes: without its hashes. */
function describeToken({ sha256: _hash, previous: _previous, ...token }: TokenRecord): object {
  return token;
}

function visibleTo(
  request: Request<{ id: string }>,
  records: readonly TokenRecord[],
): readonly TokenRecord[] {
  return records.filter((record) => mayManage(principalOf(request), record));
}

function mayManage({ environment }: Principal, record: TokenRecord): boolean {
  return environment === undefined || environment === record.environment;
}

/** The overlap, which the body may leave out, and so may a request its body. */
function readOverlap(body: unknown): unknown {
  const text = Buffer.isBuffer(body) ? body.toString() : '';
  if (text.trim() === '') return defaultOverlapS;
  try {
    const sent: unknown = JSON.parse(text);
    const { overlapSeconds = defaultOverlapS, ...unknown } = isObject(sent) ? sent : { sent };
    if (Object.keys(unknown).length === 0) return overlapSeconds;
  } catch {
    // The refusal below names the remedy.
  }
  throw new RequestError('unparsable', 'the body must be a JSON object, e.g. {"overlapSeconds":300}');
}

type OfToken = Request<{ id: string }>;
