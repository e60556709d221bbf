import type { Reply } from './reply.ts';

/** The parts of a request that a route may use. */
export interface RouteRequest {
  readonly query: URLSearchParams;
  readonly accept: string;
  /** Aborted when the peer disconnects. */
  readonly signal: AbortSignal;
}

/** A path of the management port. */
export interface Route {
  readonly about: string;
  /** Whether it records something; one recording runs at a time. */
  readonly isRecording?: boolean;
  respond(request: RouteRequest): Reply | Promise<Reply>;
}

/** Routes by path. */
export type Routes = Readonly<Record<string, Route>>;

/** A query that can't be served; the message is for the peer. */
export class BadQuery extends Error {}

/**
 * A number of seconds from the query. @throws {BadQuery} if it is not one or is out of bounds.
 */
export function secondsOf({ query }: RouteRequest, fallback: number, most: number): number {
  const given = query.get('seconds');
  if (given === null) return fallback;
  const seconds = Number(given);
  if (given.trim() !== '' && seconds > 0 && seconds <= most) return seconds;
  throw new BadQuery(
    `seconds=${given} is out of bounds: it must be above 0 and at most ${most}, e.g. seconds=10`,
  );
}

/**
 * One of several words from the query; the first is the default. @throws {BadQuery} if it is
 * another one.
 */
export function choiceOf<Word extends string>(
  { query }: RouteRequest,
  name: string,
  words: readonly [Word, ...Word[]],
): Word {
  const given = query.get(name) ?? words[0];
  const word = words.find((each) => each === given);
  if (word !== undefined) return word;
  throw new BadQuery(`${name}=${given} does not exist: use one of ${words.join(', ')}`);
}
