import { existsSync } from 'node:fs';
import type { Settings } from '../cli/settings.ts';
import type { Log } from '../log.ts';
import type { FileWatcher } from '../store/file/file-watcher.ts';
import type { Database } from '../store/postgres/database/database.ts';
import { TokenFile, tokensOfFolder } from '../tokens/token-file.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { Tokens } from '../tokens/tokens.ts';

/**
 * Opens the tokens that the settings name: a file, else those of the data folder or database.
 * @throws {Error} if the file that `--tokens` names does not exist, or can't be read.
 */
export async function openTokens(
  { source, tokens, oidc }: Pick<Settings, 'source' | 'tokens' | 'oidc'>,
  watcher: FileWatcher,
  log: Log,
  database?: Database,
): Promise<Tokens> {
  if (tokens !== undefined && !existsSync(tokens)) {
    const remedy = `create the first token with graylane-server token create NAME --scope admin --tokens ${tokens}`;
    throw new Error(`the file of tokens ${tokens} does not exist: ${remedy}`);
  }
  const path = tokens ?? ('data' in source ? tokensOfFolder(source.data) : undefined);
  const file = path === undefined ? await sharedTokens(database) : new TokenFile(path);
  // People who sign in have a scope, so no request may pass without one.
  return Tokens.open({ file, required: oidc !== undefined, watcher, log });
}

async function sharedTokens(database: Database | undefined): Promise<TokenStore | undefined> {
  if (database === undefined) return undefined;
  const { PostgresTokens } = await import('../store/postgres/postgres-tokens.ts');
  return new PostgresTokens(database);
}
