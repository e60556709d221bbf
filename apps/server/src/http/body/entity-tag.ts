import { hash } from 'node:crypto';

/** A strong validator of one part of a document: it changes if and only if that part changes. */
export function entityTag(definition: unknown): string {
  return entityTagOf(JSON.stringify(definition));
}

/** A strong validator of a serialized representation. */
export function entityTagOf(json: string | Buffer): string {
  return `"${hash('sha256', json, 'base64url').slice(0, 22)}"`;
}
