import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isObject } from '../../is-object.ts';
import type { RecordEdit } from '../../model/revision.ts';
import { checkLine, noHash } from '../journal/line.ts';

/** The head of an environment in an archive; its lines follow. */
export interface ArchivedEnvironment {
  readonly environment: string;
  /** Whether it was removed: then only its history is kept. */
  readonly removed: boolean;
  readonly records: readonly RecordEdit[];
}

/** One line of an archive: an environment, a line of its journal, or the tokens. */
export type ArchiveItem =
  | ArchivedEnvironment
  | { readonly line: string }
  | { readonly tokens: readonly unknown[] };

/** Takes the items of an archive, one after another. */
export type ArchiveSink = (item: ArchiveItem) => Promise<void>;

const header = { graylane: 'archive', version: 1 };

/**
 * A whole store as lines of JSON: for each environment its head and the lines of its journal as
 * they are, so that the chain of hashes stays intact; then the tokens, with their hashes. `write`
 * gets each line. The last line counts the others: an archive that was cut short lacks it.
 */
export async function writeArchive(
  fill: (sink: ArchiveSink) => Promise<void>,
  write: (line: string) => Promise<void>,
): Promise<void> {
  await write(JSON.stringify(header));
  let count = 0;
  await fill(async (item) => {
    count += 1;
    await write(JSON.stringify(item));
  });
  await write(JSON.stringify({ end: count }));
}

/**
 * Reads an archive, and checks it: each hash must cover the line before.
 * @throws {Error} naming the line that is damaged, or if the archive was cut short.
 */
export async function* readArchive(file: string): AsyncGenerator<ArchiveItem> {
  let [count, hash, isWhole] = [-1, noHash, false];
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const item = parse(text);
    const fault = (what: string): Error =>
      new Error(`${file} ${what} in line ${count + 2}: export the store again`);
    if (isWhole || item === undefined) throw fault('is damaged');
    if (count === -1) requireHeader(file, item);
    else if (item['end'] !== undefined) {
      if (item['end'] !== count) throw fault('lacks lines');
      isWhole = true;
    } else {
      if (typeof item['environment'] === 'string') hash = noHash;
      if (typeof item['line'] === 'string') {
        const line = checkLine(hash, Buffer.from(item['line']));
        if (line === undefined) throw fault('was changed: the hash does not match');
        ({ hash } = line);
      }
      yield item as unknown as ArchiveItem;
    }
    count += 1;
  }
  if (!isWhole) throw new Error(`${file} was cut short, or is not an archive: export the store again`);
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function requireHeader(file: string, { graylane, version }: Readonly<Record<string, unknown>>): void {
  if (graylane !== header.graylane) {
    throw new Error(`${file} is not an archive: make one with graylane-server export --all FILE`);
  }
  if (version !== header.version) {
    throw new Error(`the archive ${file} was written by a later version: upgrade this server`);
  }
}
