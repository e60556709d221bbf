import type { Scope } from './scope.ts';

/** The sender of a request. */
export interface Principal {
  /** The author of the changes that the sender makes. */
  readonly name: string;
  readonly scope: Scope;
  /** The only environment that the sender may use; undefined for all. */
  readonly environment?: string | undefined;
}

/** The sender of every request, as long as the server requires no token. */
export const anonymous: Principal = { name: 'anonymous', scope: 'admin' };
