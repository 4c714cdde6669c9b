import { lookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress, type AddressPolicy } from './outbound-address.js';

/** Resolves a host name to numeric addresses. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** Error of a connection to an address that the policy refuses; the address itself is not told. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('The host has a private, local or reserved address.');
    this.name = 'AddressRefused';
  }
}

/** Error of a name without addresses. */
class HostNotFound extends Error {
  readonly code = 'ENOTFOUND';

  constructor() {
    super('The host name does not resolve to an address.');
    this.name = 'HostNotFound';
  }
}

const DNS_LIMITS = { timeout: 2_000, tries: 2 };

/**
 * Resolves names by DNS. It does not use `getaddrinfo`, whose slow answers would occupy the threads that also read
 * files. With private addresses allowed, names of the hosts file are found as well.
 */
export function dnsResolver({ allowPrivate }: AddressPolicy): ResolveHost {
  const dns = new Resolver(DNS_LIMITS);
  return async (hostname) => {
    const answers = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0 || !allowPrivate) return found;
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  };
}

/**
 * A lookup for sockets that judges the addresses that they then connect to, so that a name is never resolved twice. One
 * refused address refuses the name.
 */
export function guardedLookup(resolve: ResolveHost, policy: AddressPolicy): LookupFunction {
  const addressesOf = async (hostname: string) => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw new HostNotFound();
    if (!addresses.every((address) => isAllowedAddress(address, policy))) throw new AddressRefused();
    return addresses.map((address) => ({ address, family: isIP(address) }));
  };
  return (hostname, { all }, callback) => {
    addressesOf(hostname).then(
      (addresses) => {
        if (all) callback(null, addresses);
        else callback(null, addresses[0].address, addresses[0].family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}
