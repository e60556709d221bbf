import { TokenFile, tokensOfFolder } from '../tokens/token-file.ts';
import { RequestError } from '../model/request-error.ts';
import { createToken, defaultOverlapS, revokeToken, rotateToken } from '../tokens/change-tokens.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { readTokenRequest, type TokenRecord } from '../tokens/token-record.ts';
import { CommandError, refusal, requestApi, type Server } from './commands/admin-client.ts';
import { UsageError, type GivenOptions } from './read-options.ts';

/** An action of `graylane-server token`. */
export type TokenAction =
  | {
      readonly action: 'create';
      readonly name: string;
      readonly scope: string;
      readonly environment: string | undefined;
      readonly expiresInDays: number | undefined;
    }
  | { readonly action: 'list' }
  | { readonly action: 'revoke'; readonly id: string }
  | { readonly action: 'rotate'; readonly id: string; readonly overlapS: number };

/** The options of `graylane-server token`: the action, and where the tokens are. */
export type TokenOptions = TokenAction & {
  readonly at: Server | Place;
};

/** A file of tokens, that of a data folder, or a database. */
type Place =
  | { readonly data: string }
  | { readonly tokens: string }
  | { readonly database: string; readonly directDatabase: string | undefined };

/**
 * Reads the operands and options of `graylane-server token`.
 * @throws {UsageError}
 */
export function readToken(operands: readonly string[], given: GivenOptions): TokenOptions {
  return { at: readPlace(given), ...readAction(operands, given) };
}

function readAction([action, operand, ...more]: readonly string[], given: GivenOptions): TokenAction {
  const operands = operand === undefined ? 0 : 1 + more.length;
  const isWhole = action === 'list' ? operands === 0 : operands === 1;
  const own: Readonly<Record<string, readonly string[]>> = {
    create: ['scope', 'environment', 'expires'],
    list: [],
    revoke: [],
    rotate: ['overlap'],
  };
  if (action === undefined || !(action in own) || !isWhole) {
    throw new UsageError(
      'token takes one of: create NAME --scope SCOPE, list, revoke ID, rotate ID; e.g. graylane-server token create orders --scope definitions --data ./data',
    );
  }
  const stray = ['scope', 'environment', 'expires', 'overlap'].find(
    (name) => given.has(name) && !own[action]?.includes(name),
  );
  if (stray !== undefined) throw new UsageError(`--${stray} is not an option of token ${action}`);
  if (operand === undefined) return { action: 'list' };
  if (action === 'revoke') return { action, id: operand };
  if (action === 'rotate') {
    return { action, id: operand, overlapS: given.number('overlap') ?? defaultOverlapS };
  }
  const scope = given.text('scope');
  if (scope === undefined) {
    throw new UsageError('token create needs --scope: use evaluate, definitions, write or admin');
  }
  const [environment, expiresInDays] = [given.text('environment'), given.number('expires')];
  return { action: 'create', name: operand, scope, environment, expiresInDays };
}

/** Only options name a folder or file: the variables of a server must not divert the command. */
function readPlace(given: GivenOptions): TokenOptions['at'] {
  const named = ['data', 'tokens', 'database', 'url'].filter((name) => given.has(name));
  if (named.length > 1) {
    throw new UsageError(`${named.map((name) => `--${name}`).join(' and ')} are both given: use one of them`);
  }
  const [data, tokens, database] = ['data', 'tokens', 'database'].map((name) =>
    given.has(name) ? given.text(name) : undefined,
  );
  if (data !== undefined) return { data };
  if (tokens !== undefined) return { tokens };
  if (database !== undefined) return { database, directDatabase: given.text('database-direct') };
  return { url: given.text('url') ?? 'http://127.0.0.1:8080', token: given.text('token') };
}

type Listed = Pick<TokenRecord, 'id' | 'name' | 'scope' | 'environment' | 'createdAt' | 'expiresAt'>;

/**
 * Creates, lists, revokes or rotates tokens: in a file or database, also while servers use it, or
 * over the API of a server. Only the new token goes to the standard output, so that a script can
 * capture it.
 */
export async function tokenCommand(options: TokenOptions): Promise<void> {
  try {
    const { at } = options;
    if ('url' in at) await overApi(options, at);
    else if ('database' in at) await inDatabase(options, at);
    else await inStore(options, new TokenFile('data' in at ? tokensOfFolder(at.data) : at.tokens));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError((error as Error).message, { cause: error });
  }
}

async function inDatabase(
  options: TokenAction,
  { database: url, directDatabase: directUrl }: Extract<Place, { database: string }>,
): Promise<void> {
  const [{ Database }, { PostgresTokens }] = await Promise.all([
    import('../store/postgres/database/database.ts'),
    import('../store/postgres/postgres-tokens.ts'),
  ]);
  const database = await Database.open({ url, directUrl, log: { info: () => {}, warn: () => {} } });
  try {
    await inStore(options, new PostgresTokens(database));
  } finally {
    await database.close();
  }
}

async function inStore(options: TokenAction, store: TokenStore): Promise<void> {
  const now = Date.now();
  switch (options.action) {
    case 'create': {
      const { name, scope, environment, expiresInDays } = options;
      const wanted = readTokenRequest({ name, scope, environment, expiresInDays });
      const isFirst = (await store.read()) === undefined;
      show(await store.update((records) => createToken(records, wanted, now)));
      if (isFirst) console.error(`${store.place}: created; from now on every request needs a token`);
      break;
    }
    case 'list':
      list(await existing(store));
      break;
    case 'revoke': {
      await existing(store);
      const { record } = await store.update((records) => revokeToken(records, options.id));
      console.log(`revoked ${record.name} (${record.id})`);
      break;
    }
    case 'rotate':
      await existing(store);
      show(await store.update((records) => rotateToken(records, options.id, options.overlapS, now)));
  }
}

/** Tokens that must exist: to change them would create them, and close a server that was open. */
async function existing(store: TokenStore): Promise<readonly TokenRecord[]> {
  const records = await store.read();
  if (records !== undefined) return records;
  throw new RequestError(
    'not_found',
    `there are no tokens in ${store.place}: create one with token create NAME`,
  );
}

async function overApi(options: TokenAction, server: Server): Promise<void> {
  switch (options.action) {
    case 'create': {
      const { name, scope, environment, expiresInDays } = options;
      const body = JSON.stringify({ name, scope, environment, expiresInDays });
      show(toMade(await send(server, 'POST', '/tokens', body)));
      break;
    }
    case 'list': {
      const { tokens } = (await send(server, 'GET', '/tokens')) as { readonly tokens: readonly Listed[] };
      list(tokens);
      break;
    }
    case 'revoke': {
      await send(server, 'DELETE', `/tokens/${encodeURIComponent(options.id)}`);
      console.log(`revoked ${options.id}`);
      break;
    }
    case 'rotate': {
      const body = JSON.stringify({ overlapSeconds: options.overlapS });
      show(toMade(await send(server, 'POST', `/tokens/${encodeURIComponent(options.id)}/rotate`, body)));
    }
  }
}

async function send(server: Server, method: string, path: string, body?: string): Promise<unknown> {
  const response = await requestApi(server, path, { method, ...(body !== undefined && { body }) });
  if (response.status >= 300) throw refusal(response);
  return response.body;
}

function toMade(body: unknown): { readonly record: Listed; readonly token: string } {
  const { token, ...record } = body as Listed & { readonly token: string };
  return { record, token };
}

function show({ record, token }: { readonly record: Listed; readonly token: string }): void {
  console.error(`${record.name} (${record.id}): ${describe(record)}; it is shown this once:`);
  console.log(token);
}

function list(tokens: readonly Listed[]): void {
  for (const token of tokens) console.log(`${token.id}  ${token.name}  ${describe(token)}`);
}

function describe({ scope, environment, createdAt, expiresAt }: Listed): string {
  const where = environment === undefined ? 'all environments' : `environment ${environment}`;
  const until = expiresAt === undefined ? 'no expiry' : `expires ${expiresAt}`;
  return `${scope}, ${where}, created ${createdAt}, ${until}`;
}
