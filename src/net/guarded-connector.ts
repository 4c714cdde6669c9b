import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { isAllowedAddress, type AddressPolicy } from './outbound-address.js';
import { AddressRefused, guardedLookup, type ResolveHost } from './resolve-host.js';

/** Pause before the next address of a host is tried as well. */
const NEXT_ADDRESS_MS = 1_000;

/** Options of {@link guardedConnector}. */
export interface ConnectorOptions extends AddressPolicy {
  readonly resolve: ResolveHost;
  /** Time for the connection, with name resolution and TLS. */
  readonly connectMs: number;
}

/** Connects to allowed addresses only; certificates are always verified. */
export function guardedConnector({
  resolve,
  connectMs,
  ...policy
}: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectMs,
    lookup: guardedLookup(resolve, policy),
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    // Explicit, because an environment variable would otherwise turn it off for the whole process.
    rejectUnauthorized: true,
    maxCachedSessions: 0,
  });
  return (options, callback) => {
    // Sockets do not look up numeric addresses.
    if (isIP(options.hostname) !== 0 && !isAllowedAddress(options.hostname, policy)) {
      callback(new AddressRefused(), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error) callback(error, null);
      else if (!isAllowedAddress(socket.remoteAddress ?? '', policy)) {
        socket.destroy();
        callback(new AddressRefused(), null);
      } else callback(null, socket);
    });
  };
}
