/** A write that the server has accepted, or requests that it has refused for one reason. */
export interface RequestRecord {
  readonly outcome: 'accepted' | 'refused';
  /** When the first and the last of them came, as ISO 8601. */
  readonly at: string;
  readonly until: string;
  readonly count: number;
  /** The name of the token or person; null if neither is known. */
  readonly author: string | null;
  /** The address of the client, as far as trusted proxies vouch for it; null in a sum of many. */
  readonly address: string | null;
  readonly environment: string | null;
  readonly method: string;
  /** The template of the route, so that no part of a path that a client chose is kept. */
  readonly route: string | null;
  readonly status: number;
  /** The reason of a refusal, e.g. `forbidden`; null for an accepted request. */
  readonly code: string | null;
  /** The revision that an accepted write made, if any. */
  readonly revision: string | null;
}

/** One request, before it is summed with others. */
export type AuditedRequest = Omit<RequestRecord, 'at' | 'until' | 'count' | 'outcome'>;

/** The accepted writes and the sums of refusals that are kept. */
const [maxAccepted, maxSums] = [1000, 500];

/** A sum without a further refusal for so long makes room for a new one, in ms. */
const staleMs = 3_600_000;

/**
 * Where the writes of this server came from, and the requests that it refused, in memory. Refusals
 * are summed and have room of their own: a flood of them costs no disk, and displaces no write.
 */
export class RequestAudit {
  readonly #accepted: RequestRecord[] = [];
  /** The sum that grew last comes last. */
  readonly #refused = new Map<string, RequestRecord>();

  accept(request: AuditedRequest, now: number): void {
    const at = new Date(now).toISOString();
    this.#accepted.push({ ...request, outcome: 'accepted', at, until: at, count: 1 });
    if (this.#accepted.length > maxAccepted) this.#accepted.shift();
  }

  refuse(request: AuditedRequest, now: number): void {
    const at = new Date(now).toISOString();
    const key = keyOf(request);
    const known = this.#refused.get(key);
    if (known !== undefined || this.#hasRoom(now)) {
      this.#refused.delete(key);
      const begun = known ?? { ...request, outcome: 'refused', at, count: 0 };
      this.#refused.set(key, { ...begun, until: at, count: begun.count + 1 });
      return;
    }
    const { status, code, method } = request;
    const others: AuditedRequest = {
      ...nothing,
      status,
      code,
      method: methods.has(method) ? method : '_OTHER',
    };
    const sum = this.#refused.get(keyOf(others)) ?? { ...others, outcome: 'refused', at, count: 0 };
    // Codes, statuses and methods are few, so these sums are, too.
    this.#refused.set(keyOf(others), { ...sum, until: at, count: sum.count + 1 });
  }

  /** The newest first. `text` must occur in the author, address, environment, route or reason. */
  list({
    outcome,
    text = '',
  }: { readonly outcome?: string; readonly text?: string } = {}): readonly RequestRecord[] {
    const searched = text.toLowerCase();
    return [...this.#accepted, ...this.#refused.values()]
      .filter((record) => outcome === undefined || record.outcome === outcome)
      .filter((record) => searched === '' || textOf(record).includes(searched))
      .toSorted((one, other) => (one.until < other.until ? 1 : -1));
  }

  #hasRoom(now: number): boolean {
    if (this.#refused.size < maxSums) return true;
    const [oldest] = this.#refused;
    if (oldest === undefined || Date.parse(oldest[1].until) > now - staleMs) return false;
    this.#refused.delete(oldest[0]);
    return true;
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const nothing = { author: null, address: null, environment: null, route: null, revision: null } as const;

function keyOf({ author, address, environment, method, route, status, code }: AuditedRequest): string {
  return JSON.stringify([author, address, environment, method, route, status, code]);
}

function textOf({ author, address, environment, method, route, code }: RequestRecord): string {
  return [author, address, environment, method, route, code]
    .filter((one) => one !== null)
    .join(' ')
    .toLowerCase();
}
