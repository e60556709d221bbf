import { decodeValue } from '../codec/grammar.ts';
import type { Member } from '../codec/member.ts';

/** What the properties of a mark say, or those of pins. */
export interface MarkProperties {
  readonly audience: string | undefined;
  readonly expiry: string | undefined;
  readonly keyId: string | undefined;
  readonly signature: string | undefined;
  readonly hops: string | undefined;
}

/** Reads all of them in one pass. One without a value is empty text; of several with one key the first counts. */
export function readMarkProperties({ text = '' }: Member): MarkProperties {
  let audience: string | undefined;
  let expiry: string | undefined;
  let keyId: string | undefined;
  let signature: string | undefined;
  let hops: string | undefined;
  // No value has a semicolon in it.
  for (let end = text.indexOf(';'); end >= 0 && end < text.length;) {
    const start = end + 1;
    end = endOr(text.indexOf(';', start), text.length);
    const keyEnd = Math.min(endOr(text.indexOf('=', start), end), end);
    const value = decodeValue(text.slice(keyEnd + 1, end));
    switch (text.slice(start, keyEnd)) {
      case 'aud':
        audience ??= value;
        break;
      case 'exp':
        expiry ??= value;
        break;
      case 'kid':
        keyId ??= value;
        break;
      case 'sig':
        signature ??= value;
        break;
      case 'hops':
        hops ??= value;
        break;
      default:
    }
  }
  return { audience, expiry, keyId, signature, hops };
}

function endOr(found: number, end: number): number {
  return found < 0 ? end : found;
}
