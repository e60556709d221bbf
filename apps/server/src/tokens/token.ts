import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const pattern = /^gl_([\w-]{43})([\w-]{6})$/;

/**
 * A new token: `gl_`, 32 random bytes and their checksum (CRC-32), both in base64url. Secret
 * scanners recognize the prefix, and the checksum tells a damaged token from a revoked one.
 */
export function newToken(): string {
  const secret = randomBytes(32).toString('base64url');
  return `gl_${secret}${checksum(secret)}`;
}

/** Whether a string is a whole token, which may be unknown: its form and checksum are right. */
export function isWhole(token: string): boolean {
  const [, secret, sum] = pattern.exec(token) ?? [];
  return secret !== undefined && checksum(secret) === sum;
}

/**
 * The SHA-256 of a token in hexadecimal, which is stored in place of the token. 256 random bits
 * can't be guessed, so a slow hash would protect nothing more. A look-up by this hash takes no time
 * from which the token could be learned.
 */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function checksum(secret: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(secret));
  return bytes.toString('base64url');
}
