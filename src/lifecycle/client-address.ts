import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/**
 * The address of the client of a request that Express does not handle, such as an upgrade; the same as Express's
 * `request.ip`.
 * @param trustedProxies number of proxies in front whose `X-Forwarded-For` is used
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  return proxyAddr(request, (_address, hop) => hop < trustedProxies) ?? 'unknown';
}
