import { hash } from 'node:crypto';

/** A strong validator of one part of a document: it changes when that part does, whatever happens to others. */
export function entityTag(definition: unknown): string {
  return tagOf(JSON.stringify(definition));
}

/** A strong validator of a text. */
export function tagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
}
