import { readFile } from 'node:fs/promises';
import { textOf } from '../json/parse-document.ts';
import type { Log } from '../log.ts';
import { listProblems } from '../model/problem-text.ts';
import type { FileWatcher } from '../store/file/file-watcher.ts';
import { syntaxFault } from '../syntax-fault.ts';
import { readWebhooks, type Webhook } from './webhook.ts';

/**
 * Reads the webhooks of a file, and again whenever it changes. A faulty file is not taken over.
 * Returns a function that ends it.
 * @throws {Error} if the file can't be read, or is faulty, to begin with.
 */
export async function followWebhooks(
  file: string,
  use: (webhooks: readonly Webhook[]) => void,
  { watcher, log }: { readonly watcher: FileWatcher; readonly log: Log },
): Promise<() => void> {
  let text = await read(file);
  use(parse(file, text));
  const look = async (): Promise<void> => {
    const newest = await read(file);
    if (newest === text) return;
    text = newest;
    use(parse(file, text));
    log.info(`${file}: the webhooks have changed`);
  };
  let failure: string | undefined;
  return watcher.watch(file, () => {
    look().then(
      () => (failure = undefined),
      ({ message }: Error) => {
        if (message !== failure) log.warn(`${message}; the last good webhooks stay in use`);
        failure = message;
      },
    );
  });
}

async function read(file: string): Promise<string> {
  try {
    return textOf(await readFile(file));
  } catch (error) {
    throw new Error(`the webhooks in ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

function parse(file: string, text: string): readonly Webhook[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(syntaxFault(file, text), { cause: error });
  }
  const webhooks = readWebhooks(value);
  if ('problems' in webhooks)
    throw new Error(`${file} is not a file of webhooks:${listProblems(webhooks.problems)}`);
  return webhooks;
}
