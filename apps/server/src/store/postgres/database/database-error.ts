import { RequestError } from '../../../model/request-error.ts';
import { UnknownOutcome } from './session.ts';

/** Codes of Node, postgres.js and PostgreSQL for a database that can't be reached now. */
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ETIMEDOUT',
  'CONNECT_TIMEOUT',
  'NO_RESPONSE',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  '25P03', // idle_in_transaction_session_timeout
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '08000',
  '08003',
  '08006',
  '08P01', // a pooler that has no server
]);

/** The database no longer has a revision that was read from it: it was put back, or replaced. */
export class HistoryReplaced extends Error {
  constructor() {
    super('the database has another history than before, as after a restore: restart this server');
  }
}

const refused = 'nothing was written';

/**
 * An error of the database as a refusal of a write, with the remedy; any other error as it is.
 */
export function databaseError(error: unknown, shown: string): unknown {
  if (error instanceof RequestError) return error;
  const details = { cause: error, retryAfterS: 1 };
  if (error instanceof UnknownOutcome) {
    const remedy = 'it was made either as a whole or not at all: read the flag before you try again';
    const message = `the database ${shown} did not confirm the write before the connection was lost`;
    return new RequestError('unwritable', `${message}: ${remedy}`, details);
  }
  const code = codeOf(error);
  const { message } = error as Error;
  if (error instanceof HistoryReplaced) return new RequestError('unwritable', message, details);
  if (unreachable.has(code)) {
    const why = `the database ${shown} can't be reached (${message})`;
    return new RequestError('unwritable', `${why}: ${refused}, try again once it is back`, details);
  }
  if (code === '55P03' || code === '57014') {
    const why = `the database ${shown} took too long, because another write or a backup holds a lock`;
    return new RequestError('unwritable', `${why}: ${refused}, try again`, details);
  }
  if (code === '25006') {
    const why = `the database ${shown} is read-only, as a standby is`;
    return new RequestError('unwritable', `${why}: ${refused}; make it writable, or connect to the primary`, {
      ...details,
    });
  }
  if (code === '53100' || code === '53200') {
    const what = code === '53100' ? 'its disk is full: free space' : 'it is out of memory: give it more';
    return new RequestError(
      code === '53100' ? 'disk_full' : 'unwritable',
      `the database ${shown} can't write, because ${what} and send the change again`,
      details,
    );
  }
  return error;
}

/** Whether the database did not respond in time, so that the connection was dropped. */
export function isSilent(error: unknown): boolean {
  return ['NO_RESPONSE', 'CONNECT_TIMEOUT'].includes(codeOf(error));
}

/** The code of an error of Node, postgres.js or PostgreSQL; empty if it has none. */
function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  // A host with several addresses fails with one error for each.
  return errors === undefined ? '' : codeOf(errors[0]);
}

/**
 * An error at the start, with the remedy: what is wrong with the URL, the user, or the database.
 */
export function startError(error: unknown, shown: string, option = '--database'): Error {
  const code = codeOf(error);
  const { message: given } = error as Error;
  if (given.includes('unsupported startup parameter')) {
    const why = `${option} ${shown} leads to a pooler, which can't LISTEN or hold a lock`;
    return new Error(`${why}: name PostgreSQL itself with --database-direct`, { cause: error });
  }
  const remedy =
    remedies[code] ??
    (unreachable.has(code) ? `start it, or correct the host and port in ${option}` : undefined);
  if (remedy === undefined) return error as Error;
  const { message } = error as Error;
  const text = `the database ${shown} can't be used (${message || code}): ${remedy}`;
  return new Error(text.replace('OPTION', option), { cause: error });
}

const remedies: Readonly<Record<string, string>> = {
  ENOTFOUND: 'correct the host in OPTION',
  '28000': 'correct the user in OPTION, or admit it in pg_hba.conf',
  '28P01': 'correct the user and the password in OPTION',
  '3D000': 'create the database, or correct its name in OPTION',
  '42501': 'let the user create the schema graylane: GRANT CREATE ON DATABASE, or make it the owner',
  '25006': 'it is read-only: name the primary in OPTION, or start the server with --read-only',
  '53100': 'its disk is full: free space',
};
