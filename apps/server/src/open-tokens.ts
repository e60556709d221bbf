import { existsSync } from 'node:fs';
import type { Settings } from './cli/settings.ts';
import type { Log } from './log.ts';
import type { FileWatcher } from './store/file/file-watcher.ts';
import { TokenFile, tokensOfFolder } from './tokens/token-file.ts';
import { Tokens } from './tokens/tokens.ts';

/**
 * Opens the tokens that the settings name: a file, else those of the data folder.
 * @throws {Error} if the file that `--tokens` names does not exist, or can't be read.
 */
export async function openTokens(
  { source, tokens }: Pick<Settings, 'source' | 'tokens'>,
  watcher: FileWatcher,
  log: Log,
): Promise<Tokens> {
  if (tokens !== undefined && !existsSync(tokens)) {
    const remedy = `create the first token with graylane-server token create NAME --scope admin --tokens ${tokens}`;
    throw new Error(`the file of tokens ${tokens} does not exist: ${remedy}`);
  }
  const path = tokens ?? ('data' in source ? tokensOfFolder(source.data) : undefined);
  return Tokens.open({ file: path === undefined ? undefined : new TokenFile(path), watcher, log });
}
