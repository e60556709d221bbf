import type { components } from '../../../protocols/admin/gen/admin-api.ts';

/** A revision as a line for the terminal: revision, time, author and reason. */
export function revisionLine({
  revision,
  at,
  author,
  reason,
}: Omit<components['schemas']['Revision'], 'diff'>): string {
  return `${revision}  ${at}  ${author}${reason === undefined ? '' : `  ${reason}`}`;
}
