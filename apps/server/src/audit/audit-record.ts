import { isObject } from '../is-object.ts';
import { RequestError } from '../model/request-error.ts';

/** An event at a relay that its upstream server is to know. */
export type AuditRecord = KillRecord | RefusalRecord;

/** A kill that the relay holds because the upstream server was out of reach, or its end. */
export interface KillRecord {
  readonly kind: 'kill' | 'lift';
  /** Names the record, so that one that is sent again is known. */
  readonly id?: string | undefined;
  readonly at: string;
  readonly lane?: string | undefined;
  readonly flag?: string | undefined;
  readonly author: string;
  readonly reason?: string | undefined;
}

/** Requests that the relay has refused for one reason. */
export interface RefusalRecord {
  readonly kind: 'refusals';
  /** When the first and the last of them came. */
  readonly at: string;
  readonly until: string;
  readonly protocol: string;
  readonly code: string;
  readonly count: number;
}

const texts = ['id', 'at', 'until', 'lane', 'flag', 'author', 'reason', 'protocol', 'code'] as const;

/** The most records of one request, and the longest string in one. */
const [maxRecords, maxLength] = [1000, 1000];

/**
 * Reads the body of a report.
 * @throws {RequestError} `invalid_request` with the form.
 */
export function readRecords(body: unknown): {
  readonly relay: string;
  readonly records: readonly AuditRecord[];
} {
  const { relay, records } = isObject(body) ? body : {};
  if (typeof relay === 'string' && relay.length <= maxLength && Array.isArray(records)) {
    const read = records.slice(0, maxRecords).map(readRecord);
    if (records.length <= maxRecords && read.every((one) => one !== undefined))
      return { relay, records: read };
  }
  throw new RequestError(
    'invalid_request',
    `the body must be { "relay": "…", "records": [{ "kind": "kill", "at": "…", "lane": "gray", "author": "ada" }] } with at most ${maxRecords} records`,
  );
}

/** One record; undefined if it has not the form. */
export function readRecord(record: unknown): AuditRecord | undefined {
  if (!isObject(record)) return undefined;
  const { kind, count } = record;
  const strings = texts.flatMap((name) =>
    record[name] === undefined ? [] : [[name, record[name]] as const],
  );
  if (!strings.every(([, value]) => typeof value === 'string' && value.length <= maxLength)) return undefined;
  if (count !== undefined && !Number.isSafeInteger(count)) return undefined;
  const read = { kind, ...Object.fromEntries(strings) } as Record<string, unknown>;
  if (typeof read['at'] !== 'string') return undefined;
  const has = (name: string): boolean => (read[name] ?? '') !== '';
  if (kind === 'refusals') {
    const isWhole = Number(count) >= 0 && has('protocol') && has('code');
    return isWhole ? ({ ...read, count } as unknown as RefusalRecord) : undefined;
  }
  const isWhole = (kind === 'kill' || kind === 'lift') && has('author') && has('lane') !== has('flag');
  return isWhole ? (read as unknown as KillRecord) : undefined;
}
