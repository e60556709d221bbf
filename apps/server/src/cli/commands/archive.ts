import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { stdout } from 'node:process';
import type { Writable } from 'node:stream';
import {
  readArchive,
  writeArchive,
  type ArchiveItem,
  type ArchiveSink,
} from '../../store/archive/archive.ts';
import { archiveFolder, restoreFolder } from '../../store/file/archive-folder.ts';
import { archiveDatabase, restoreDatabase } from '../../store/postgres/archive-database.ts';
import { Database } from '../../store/postgres/database/database.ts';
import { PostgresTokens, saveTokens } from '../../store/postgres/postgres-tokens.ts';
import { TokenFile, tokensOfFolder } from '../../tokens/token-file.ts';
import type { TokenRecord } from '../../tokens/token-record.ts';
import type { TokenStore } from '../../tokens/token-store.ts';
import { CommandError } from './admin-client.ts';

/** A whole store: a data folder, or a database. */
export type StorePlace =
  | { readonly data: string }
  | { readonly database: string; readonly directDatabase?: string | undefined };

/** The options of `export --all` and `import --all`. */
export interface ArchiveOptions {
  readonly place: StorePlace;
  /** The archive. Default for an export: standard output. */
  readonly file?: string | undefined;
}

/** Writes a whole store to an archive: environments with their history, records and tokens. */
export async function exportAllCommand({ place, file }: ArchiveOptions): Promise<void> {
  const output = file === undefined ? stdout : createWriteStream(file, { mode: 0o600 });
  const failed = once(output, 'error').then(([error]) => {
    throw error as Error;
  });
  failed.catch(() => {
    // The race below reports it, unless the export was complete.
  });
  await reported(async () => {
    await Promise.race([writeAll(place, output), failed]);
    if (file !== undefined)
      await Promise.race([new Promise<void>((resolve) => output.end(() => resolve())), failed]);
  });
}

/** Fills a new folder, or an empty database, from an archive. */
export async function importAllCommand({ place, file = '' }: ArchiveOptions): Promise<void> {
  const tokens: TokenRecord[] = [];
  const counted = { environments: 0, revisions: 0 };
  const items = watched(readArchive(file), (item) => {
    if ('tokens' in item) tokens.push(...(item.tokens as readonly TokenRecord[]));
    else if ('line' in item) counted.revisions += 1;
    else counted.environments += 1;
  });
  await reported(async () => {
    if ('data' in place) {
      await restoreFolder(place.data, items, async (draft) => {
        if (tokens.length > 0) {
          await new TokenFile(tokensOfFolder(draft)).update(() => ({ records: tokens }));
        }
      });
    } else {
      await withDatabase(place, async (database) => {
        await restoreDatabase(database, items, (statement) => saveTokens(statement, [], tokens));
      });
    }
  });
  const { environments, revisions } = counted;
  console.log(`environments: ${environments}, revisions: ${revisions}, tokens: ${tokens.length}`);
}

/** Opens a database for one command. */
export async function withDatabase<T>(
  { database: url, directDatabase: directUrl }: Extract<StorePlace, { readonly database: string }>,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await Database.open({ url, directUrl, log: { info: () => {}, warn: () => {} } });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function writeAll(place: StorePlace, output: Writable): Promise<void> {
  const write = async (line: string): Promise<void> => {
    if (!output.write(`${line}\n`)) await once(output, 'drain');
  };
  if ('data' in place) {
    const tokens = new TokenFile(tokensOfFolder(place.data));
    await writeArchive(async (sink) => {
      await archiveFolder(place.data, sink);
      await putTokens(tokens, sink);
    }, write);
  } else {
    await withDatabase(place, (database) =>
      writeArchive(async (sink) => {
        await archiveDatabase(database, sink);
        await putTokens(new PostgresTokens(database), sink);
      }, write),
    );
  }
}

async function putTokens(store: TokenStore, sink: ArchiveSink): Promise<void> {
  const tokens = await store.read();
  if (tokens !== undefined) await sink({ tokens });
}

async function* watched(
  items: AsyncIterable<ArchiveItem>,
  look: (item: ArchiveItem) => void,
): AsyncGenerator<ArchiveItem> {
  for await (const item of items) {
    look(item);
    yield item;
  }
}

async function reported(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error });
  }
}
