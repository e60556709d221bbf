import { randomUUID } from 'node:crypto';
import { baseline, getActiveCell, runInLane } from '@graylane/baggage';
import { addTags, type Tags } from './request-tags.ts';
import { checkTagSource, readTag, type TagCarrier, type TagSource } from './tag-source.ts';

/**
 * Tags by name. `requestId` is always set: from the header `x-request-id` unless it has another
 * source, or else a new UUID.
 */
export interface TagOptions {
  /** The tag `tenant`. Default: none. */
  readonly tenant?: TagSource;
  /** The tag `routeKey`. Default: none. */
  readonly routeKey?: TagSource;
  /** The tag `requestId`. Default: the header `x-request-id`, or a new id. */
  readonly requestId?: TagSource;
  readonly [name: string]: TagSource | undefined;
}

/** Reads tags and adds them to the active request, whose spans and log lines then show them. */
export interface TagRequests {
  /** Middleware for express, connect and `node:http`; use it after the baggage middleware. */
  (request: { readonly headers: TagCarrier }, response: unknown, next: () => void): void;
  /** Reads the tags of a carrier: headers, or the Metadata of gRPC. */
  read(this: void, carrier: TagCarrier): Tags;
  /** Runs a function, e.g. a gRPC handler, in a request with the carrier's tags. */
  run<T>(this: void, carrier: TagCarrier, fn: () => T): T;
}

const plainId = /^[\w.:-]{1,128}$/;

/**
 * Makes middleware that tags requests with business values: tenant, routing key, request id. They
 * go to spans and logs, and to metrics only where a metric lists the values it knows.
 * @throws {TypeError} if a source does not exist.
 */
export function tagRequests(options: TagOptions = {}): TagRequests {
  const { requestId = { header: 'x-request-id' }, ...named } = options;
  const sources = Object.entries(named).flatMap(([name, source]) =>
    source ? [[name, source] as const] : [],
  );
  for (const [name, source] of [...sources, ['requestId', requestId] as const]) checkTagSource(name, source);

  const read = (carrier: TagCarrier): Tags => {
    const tags: Record<string, string> = {};
    for (const [name, source] of sources) {
      const value = readTag(source, carrier);
      if (value !== undefined) tags[name] = value;
    }
    const id = readTag(requestId, carrier);
    tags['requestId'] = id !== undefined && plainId.test(id) ? id : randomUUID();
    return tags;
  };
  const run = <T>(carrier: TagCarrier, fn: () => T): T => {
    const tags = read(carrier);
    const cell = getActiveCell();
    if (cell) {
      addTags(cell, tags);
      return fn();
    }
    return runInLane(baseline, () => {
      tagActiveRequest(tags);
      return fn();
    });
  };
  return Object.assign(
    ({ headers }: { readonly headers: TagCarrier }, _response: unknown, next: () => void) => {
      run(headers, next);
    },
    { read, run },
  );
}

/** Adds tags to the active request. Without a request, nothing happens. */
export function tagActiveRequest(tags: Tags): void {
  const cell = getActiveCell();
  if (cell) addTags(cell, tags);
}
