import { ApiError, api, environmentPath, type ApiResponse } from '../../../api/request.ts';
import { sameJson } from '../../../json/values.ts';
import type { Definition } from './draft.ts';

/** The result of a save: done, or a flag that has changed since the draft began. */
export type Saved = 'saved' | { readonly conflict: { readonly theirs: Definition | undefined } };

interface Change {
  readonly environment: string;
  readonly key: string;
  /** The definition that the draft began at; undefined for a new flag. */
  readonly base: Definition | undefined;
  /** Undefined removes the flag. */
  readonly definition: Definition | undefined;
  readonly reason: string;
}

/**
 * Saves a flag only if the server still has the definition that the draft began at.
 * @throws {ApiError} for other refusals.
 */
export async function saveFlag({ environment, key, base, definition, reason }: Change): Promise<Saved> {
  const path = environmentPath(environment, 'flags', key);
  const current = await currentFlag(path);
  if (!sameJson(current?.body, base)) return { conflict: { theirs: current?.body } };
  const headers: Record<string, string> =
    current?.etag === undefined ? { 'if-none-match': '*' } : { 'if-match': current.etag };
  try {
    await (definition === undefined
      ? api('DELETE', path, { headers, reason })
      : api('PUT', path, { headers, reason, body: definition }));
    return 'saved';
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    return { conflict: { theirs: (await currentFlag(path))?.body } };
  }
}

async function currentFlag(path: string): Promise<ApiResponse<Definition> | undefined> {
  try {
    return await api<Definition>('GET', path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
