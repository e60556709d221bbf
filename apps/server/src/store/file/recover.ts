import { parseDocument } from '../../json/parse-document.ts';
import type { Log } from '../../log.ts';
import type { ParsedDocument } from '../../model/document.ts';
import { TimeSlices } from '../../time-slices.ts';
import type { Journal } from '../journal/journal.ts';
import { replay, replayOnto } from '../journal/replay.ts';
import type { FileRecord, FoundRevision } from './file-record.ts';
import type { KnownRevisions } from './first-read.ts';
import { sha256 } from './hash.ts';
import { layOutDocument } from './lay-out.ts';
import { readIfThere, StagedFile, stampOf } from '../disk/staged-file.ts';

/** The files of one environment. */
export interface RecoverOptions {
  readonly file: string;
  readonly journal: Journal;
  readonly record: FileRecord;
  readonly log: Log;
  /** Whether a missing flags file may be written anew. */
  readonly writable: boolean;
}

/**
 * Finds out, at the start, where a flags file stands compared with its journal: at its newest
 * revision, at an earlier one that a crash has left, or edited by hand since one of them. Undefined
 * if the journal is empty.
 */
export async function recover(options: RecoverOptions): Promise<KnownRevisions | undefined> {
  const { file, journal, record, log } = options;
  const slices = new TimeSlices();
  const upTo = journal.length;
  if (upTo === 0) return undefined;
  const target = new StagedFile(file);
  const staged = await target.staged();
  const stamp = await stampOf(file).catch(() => undefined);
  const content = await readIfThere(file);
  if (content === undefined) return writeAnew(options, target, slices);
  const found =
    (await record.find(content, staged, slices)) ?? (await findByHash(journal, content, staged, slices));
  if (staged !== undefined && options.writable) await target.discard();
  const { n: after, unchanged } = found;
  if (after < upTo)
    log.info(`${file}: revisions up to ${journal.head} are now written to it from the journal`);
  const parsed = unchanged ? await parseDocument(content, slices) : { problems: [] };
  const filed: ParsedDocument = 'problems' in parsed ? await replay(journal, after, slices) : parsed;
  const newest = after === upTo ? filed : await replayOnto(filed, journal, { after, upTo }, slices);
  return { newest, filed, stamp: 'problems' in parsed ? undefined : stamp };
}

async function writeAnew(
  { file, journal, record, log, writable }: RecoverOptions,
  target: StagedFile,
  slices: TimeSlices,
): Promise<KnownRevisions> {
  const newest = await replay(journal, journal.length, slices);
  if (!writable) throw new Error(`the flags file ${file} is missing, and can't be written: put it back`);
  log.warn(`${file} is missing: it is restored from the journal`);
  const pieces = await layOutDocument(newest, slices);
  const stamp = await target.stage(pieces);
  const mark = await record.mark(journal.head ?? '');
  await record.write({ ...mark, sha256: await sha256(pieces, slices) });
  await target.apply();
  return { newest, filed: newest, stamp };
}

/** In folders of earlier versions, lines have the hash of the flags file after their revision. */
async function findByHash(
  journal: Journal,
  content: Buffer,
  staged: Buffer | undefined,
  slices: TimeSlices,
): Promise<FoundRevision> {
  const n = journal.length;
  const [hash, hashOfStaged] = [await sha256([content], slices), staged && (await sha256([staged], slices))];
  const { file: last } = await journal.entry(n);
  const before = n > 1 ? (await journal.entry(n - 1)).file : undefined;
  if (last === hash) return { n, unchanged: true };
  if (before !== undefined && before === hash) return { n: n - 1, unchanged: true };
  const pending = last !== undefined && last === hashOfStaged;
  return { n: pending ? n - 1 : n, unchanged: false };
}
