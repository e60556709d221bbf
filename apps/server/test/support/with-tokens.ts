import { createToken } from '../../src/tokens/change-tokens.ts';
import { TokenFile } from '../../src/tokens/token-file.ts';
import type { TokenRequest } from '../../src/tokens/token-record.ts';

/** Creates a token in a file, as the command line does. `now` makes one of another time. */
export async function tokenIn(file: string, request: TokenRequest, now = Date.now()): Promise<string> {
  const { token } = await new TokenFile(file).update((records) => createToken(records, request, now));
  return token;
}

/** The header of a request with a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
