import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Whether an address is of the public internet: not of this machine, a private network, a cloud's
 * metadata service, or any other special range.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replaceAll(/[[\]]/g, '');
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'unicast';
}

/**
 * Looks up a host name for a connection, and fails unless all its addresses are public. The check
 * is of the address that is connected to, so that a name can't be changed in between.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const faulty = error ?? refusalOf(hostname, addresses);
    if (faulty) callback(faulty, '', 0);
    else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
  });
};

function refusalOf(hostname: string, addresses: readonly LookupAddress[]): Error | undefined {
  const other = addresses.find(({ address }) => !isPublicAddress(address));
  if (other === undefined) return undefined;
  return new Error(
    `${hostname} has the address ${other.address}, which is not public: set "private": true if it is meant`,
  );
}
