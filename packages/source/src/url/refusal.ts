/** A response that is not a change stream; the message names the remedy. */
export class Refusal extends Error {
  /** Whether only a change of the configuration helps. */
  readonly isFinal: boolean;
  /** The shortest wait before the next attempt, as the server requested, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, { isFinal = false, retryAfterMs = 0 }: RefusalDetails = {}) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfterMs = retryAfterMs;
  }
}

interface RefusalDetails {
  readonly isFinal?: boolean;
  readonly retryAfterMs?: number;
}

/** Returns why a connection failed, to follow the words "the flag server at http://flags:8080". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  if (code.startsWith('HPE_')) return `sent no valid HTTP response (${code})`;
  const remedy = untrusted.has(code) ? ": set source.ca to its authority's certificate in PEM" : '';
  return `can't be reached (${code})${remedy}`;
}

/** OpenSSL's codes for a certificate whose authority is unknown. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
