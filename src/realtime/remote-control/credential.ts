import type { IncomingMessage } from 'node:http';
import { credentialOf, readCredential, type Credential } from '../../domain/credential.js';
import { tokenProblem } from '../../errors/common-errors.js';

const SCHEME = /^(?:Bearer|Api-Key) +/i;
const MAX_CREDENTIAL_LENGTH = 8192;

/**
 * The credential of a client: `auth.token` (an access token, an API key or a ticket), `auth.apiKey` or `auth.ticket` of
 * Socket.IO's handshake, which browsers can send, before the headers of the request.
 * @throws AppError of kind unauthenticated without a usable one, CREDENTIALS_AMBIGUOUS with several in `auth`
 */
export function handshakeCredential(
  auth: Readonly<Record<string, unknown>>,
  request: IncomingMessage,
): Credential {
  const [given, other] = [auth.token, auth.apiKey, auth.ticket].filter(
    (value) => value !== undefined && value !== null && value !== '',
  );
  if (other !== undefined && other !== given) throw tokenProblem('CREDENTIALS_AMBIGUOUS');
  if (given !== undefined) {
    const text = typeof given === 'string' ? given.trim().replace(SCHEME, '') : '';
    if (!/^[\x21-\x7e]+$/.test(text) || text.length > MAX_CREDENTIAL_LENGTH)
      throw tokenProblem('INVALID_TOKEN');
    return credentialOf(text);
  }
  const credential = readCredential(request);
  if (credential === null) throw tokenProblem('TOKEN_MISSING');
  return credential;
}
