import { api, environmentPath, type Schema } from '../../api/request.ts';

/** A revision with its differences by path. */
export type Revision = Schema<'Revision'>;

/** A page of revisions, newest first. */
export interface Page {
  readonly revisions: readonly Revision[];
  readonly next?: string | undefined;
}

interface PageOptions {
  readonly environment: string;
  /** Only the revisions of one flag. */
  readonly flag: string | undefined;
  /** The page after this revision. */
  readonly before?: string | undefined;
}

/** Reads the 50 newest revisions, or 200 older ones. */
export async function readPage({ environment, flag, before }: PageOptions): Promise<Page> {
  const of = flag === undefined ? [] : ['flags', flag];
  const query = before === undefined ? '' : `?before=${encodeURIComponent(before)}&limit=200`;
  const { body } = await api<Page>('GET', `${environmentPath(environment, ...of, 'history')}${query}`);
  return body;
}

/** A revision, whole. */
export interface WholeRevision extends Revision {
  /** Each changed flag or member of the document as a whole. */
  readonly changes: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
}

/** Reads one revision. */
export async function readRevision(environment: string, revision: string): Promise<WholeRevision> {
  const { body } = await api<WholeRevision>('GET', environmentPath(environment, 'history', revision));
  return body;
}
