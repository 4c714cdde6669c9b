import ipaddr from 'ipaddr.js';

/** Ranges that a setting may open; everything else that is not public stays closed. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
]);

/** Addresses of cloud metadata services in public ranges. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16']);
/** Metadata services in private ranges stay closed even where those are open. */
const PRIVATE_METADATA: ReadonlySet<string> = new Set(['100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254']);

/** The global unicast addresses that are assigned (RFC 4291); ranges outside of it have other uses or none. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** Well-known prefix of NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** What a connection may reach. */
export interface AddressPolicy {
  /** Also loopback, private, unique-local and carrier-grade NAT addresses. */
  readonly allowPrivate: boolean;
  /** Numeric addresses that are allowed whatever their range. */
  readonly exceptions?: ReadonlySet<string>;
}

/** The IPv4 address that is reached through a mapped or translated one. */
function reached(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

/**
 * Whether a connection to a numeric address is allowed: public addresses only, unless private ones are. Link-local,
 * multicast, reserved, tunnel and metadata addresses are always refused. Texts that are no address are refused.
 */
export function isAllowedAddress(text: string, { allowPrivate, exceptions }: AddressPolicy): boolean {
  if (!ipaddr.isValid(text)) return false;
  if (exceptions?.has(text)) return true;
  const address = reached(ipaddr.parse(text));
  const name = address.toString();
  if (METADATA.has(name) || PRIVATE_METADATA.has(name)) return false;
  const range = address.range();
  if (allowPrivate && PRIVATE_RANGES.has(range)) return true;
  if (range !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || address.match(GLOBAL_IPV6);
}
