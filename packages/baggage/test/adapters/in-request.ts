import { runInMessage } from '@graylane/baggage/kafka';

/** Runs `fn` as a request does that came in with this baggage. */
export function inRequest<T>(baggage: string, fn: () => T): T {
  const keys = ['lane', 'user-id', 'secret'];
  return runInMessage({ headers: { baggage } }, { ingress: { mode: 'accept', keys } }, fn);
}
