import { checkFlags, type Problem } from '@graylane/flags';
import { parseDocument } from '../../json/parse-document.ts';
import type { Log } from '../../log.ts';
import type { ParsedDocument } from '../../model/document.ts';
import { problemsOfFlag } from '../../model/judge-change.ts';
import { describeProblem, listProblems } from '../../model/problem-text.ts';
import type { TimeSlices } from '../../time-slices.ts';
import type { FlagsFile } from './flags-file.ts';

/**
 * The revisions of a flags file that are known before it is opened: the newest one, and the one of
 * which the file was made.
 */
export interface KnownRevisions {
  readonly newest: ParsedDocument;
  readonly filed: ParsedDocument;
  /** The stamp of the file, if its content is exactly `filed`. */
  readonly stamp: string | undefined;
}

/** A file with its revisions; with its bytes if no earlier revision is known. */
export type FoundFile = KnownRevisions & { readonly bytes?: Buffer };

/**
 * Reads a file of which no earlier revision is known.
 * @throws {Error} with the remedy if it can't be read, or is not a flag document.
 */
export async function readFirst(file: FlagsFile, log: Log, slices: TimeSlices): Promise<FoundFile> {
  const { bytes, stamp } = await file.read().catch((error: unknown) => {
    throw readError(file.path, error as NodeJS.ErrnoException);
  });
  const parsed = await parseDocument(bytes, slices);
  if ('problems' in parsed) {
    throw new Error(`the flags file ${file.path} is not a flag document:${listProblems(parsed.problems)}`);
  }
  for (const problem of parsed.oddities) log.warn(`${file.path}: ${describeProblem(problem)}`);
  return { newest: parsed, filed: parsed, stamp, bytes };
}

/** Logs each problem of the flags that are served. */
export async function warnOfProblems(
  { flags, shared }: ParsedDocument,
  file: string,
  log: Log,
  slices: TimeSlices,
): Promise<void> {
  const warn = (problems: readonly Problem[]): void => {
    for (const problem of problems) log.warn(`${file}: ${describeProblem(problem)}`);
  };
  warn(checkFlags({ ...shared, flags: {} }));
  for (const [key, flag] of flags) {
    warn(problemsOfFlag(key, flag, shared));
    if (slices.over) await slices.next();
  }
}

function readError(path: string, error: NodeJS.ErrnoException): Error {
  const remedies: Readonly<Record<string, string>> = {
    ENOENT: 'create it, or name another with --flags',
    ENOTDIR: 'a part of its path is a file: name another with --flags',
    EISDIR: 'it is a folder: name a file, or serve a data folder with --data',
    EACCES: 'this user may not read it: change its permissions',
  };
  const remedy = remedies[error.code ?? ''];
  const what = `the flags file ${path} can't be read`;
  const message = remedy === undefined ? `${what}: ${error.message}` : `${what} (${error.code}): ${remedy}`;
  return new Error(message, { cause: error });
}
