import type { ClientRequest } from 'node:http';
import type { SentHeaders } from './headers.ts';

/** Sentry's SDK adds members of its own to the header of a request that was made. */
const vendorMember = /^sentry-/;

/**
 * Keeps our headers on a request that was made: libraries such as superagent copy the headers of a
 * redirected request into the next one later, and so would carry the baggage to another origin.
 */
export function keepHeaders(request: ClientRequest, sent: SentHeaders): void {
  if (sent.size === 0) return;
  const setHeader = request.setHeader.bind(request);
  const appendHeader = request.appendHeader.bind(request);
  const keep = (name: string, value: unknown): ClientRequest => {
    if (name.toLowerCase() !== 'baggage') return request;
    const own = sent.get('baggage');
    const members = String(value)
      .split(',')
      .map((member) => member.trim());
    const added = members.filter((member) => vendorMember.test(member));
    if (added.length === 0) return request;
    return setHeader(name, (own === undefined ? added : [own, ...added]).join(','));
  };
  const isOurs = (name: unknown): name is string => typeof name === 'string' && sent.has(name.toLowerCase());
  request.setHeader = (name, value) => (isOurs(name) ? keep(name, value) : setHeader(name, value));
  request.appendHeader = (name, value) => (isOurs(name) ? keep(name, value) : appendHeader(name, value));
}
