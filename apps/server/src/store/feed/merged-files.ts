import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseDocument } from '../../json/parse-document.ts';
import type { ParsedDocument } from '../../model/document.ts';
import { TimeSlices } from '../../time-slices.ts';
import { stampOf } from '../disk/staged-file.ts';
import type { FileWatcher } from '../file/file-watcher.ts';
import { FeedError, type DocumentFeed } from './document-feed.ts';
import { mergeDocuments, type NamedDocument } from './merge-documents.ts';

/** Several flags files, merged in their order and followed as they change. */
export class MergedFiles implements DocumentFeed {
  readonly name: string;
  readonly remedy = 'edit the files, or serve a data folder with --data';
  readonly #files: readonly string[];
  readonly #watcher: FileWatcher;
  #read: string | undefined;
  #accepted: string | undefined;

  constructor(files: readonly string[], watcher: FileWatcher) {
    this.name = files.join(', ');
    this.#files = files;
    this.#watcher = watcher;
  }

  async read(): Promise<ParsedDocument | undefined> {
    const stamps = await Promise.all(this.#files.map((file) => stampOf(file).catch(() => 'missing')));
    this.#read = stamps.join('\n');
    if (this.#read === this.#accepted) return undefined;
    const documents: NamedDocument[] = [];
    for (const file of this.#files) documents.push(await readOne(file));
    const merged = mergeDocuments(withDistinctNames(documents));
    if ('problems' in merged) throw new FeedError(`${this.name} can't be merged`, merged);
    return merged;
  }

  accept(): Promise<void> {
    this.#accepted = this.#read;
    return Promise.resolve();
  }

  watch(look: () => void): () => void {
    const ends = this.#files.map((file) => this.#watcher.watch(file, look));
    return () => ends.forEach((end) => end());
  }
}

async function readOne(file: string): Promise<NamedDocument> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new FeedError(`the flags file ${file} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  });
  const parsed = await parseDocument(bytes, new TimeSlices());
  if ('problems' in parsed) throw new FeedError(`the flags file ${file} is not a flag document`, parsed);
  return { name: file, ...parsed };
}

/** The names of the files without their folders, where these tell them apart. */
function withDistinctNames(documents: readonly NamedDocument[]): readonly NamedDocument[] {
  const short = documents.map(({ name }) => basename(name));
  if (new Set(short).size < short.length) return documents;
  return documents.map((document, index) => ({ ...document, name: short[index] ?? document.name }));
}
