import { createHash } from 'node:crypto';

/** A strong validator of one part of a document: it changes when that part does, whatever happens to others. */
export function entityTag(definition: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(definition)).digest('base64url').slice(0, 22)}"`;
}
