import type { Scope } from './scope.ts';

/** The sender of a request. */
export interface Principal {
  /** The author of the changes that the sender makes. */
  readonly name: string;
  readonly scope: Scope;
  /** The only environment that the sender may use; undefined for all. */
  readonly environment?: string | undefined;
  /** The end of a person's session, in ms since 1970; a token has an end of its own. */
  readonly until?: number;
}

/** The sender of every request, as long as the server requires no token. */
export const anonymous: Principal = { name: 'anonymous', scope: 'admin' };
