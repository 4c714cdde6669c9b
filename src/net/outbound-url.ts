import { isIP } from 'node:net';
import { MAX_OUTBOUND_URL_LENGTH } from '../domain/outbound.js';
import { isAllowedAddress, type AddressPolicy } from './outbound-address.js';

/** Ports below this one belong to services that are not HTTP, except for the two of HTTP. */
const FIRST_FREE_PORT = 1024;
const HTTP_PORTS: ReadonlySet<string> = new Set(['', '80', '443']);

/** A host name or address of a URL, without the brackets of IPv6. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/**
 * Why the product does not connect to a URL; undefined for one that it may connect to. Host names are judged when they
 * are resolved, at each connection.
 */
export function outboundUrlProblem(text: string, policy: AddressPolicy): string | undefined {
  if (text.length > MAX_OUTBOUND_URL_LENGTH) return `must have at most ${MAX_OUTBOUND_URL_LENGTH} characters`;
  if (!URL.canParse(text)) return 'must be an absolute URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.hash !== '' || text.includes('#')) return 'must not contain a fragment';
  if (!HTTP_PORTS.has(url.port) && Number(url.port) < FIRST_FREE_PORT) {
    return `must use port 80, 443 or one from ${FIRST_FREE_PORT} to 65535, not ${url.port}`;
  }
  const host = hostOf(url);
  if (isIP(host) !== 0 && !isAllowedAddress(host, policy)) {
    return 'must not have a private, local or reserved address';
  }
  return undefined;
}
