import { tokenProblem } from '../errors/common-errors.js';
import { API_KEY_PREFIX } from './api-key.js';
import type { RequiredScope } from './scopes.js';
import type { Principal } from './user.js';

const MAX_TOKEN_LENGTH = 8192;
const MAX_KEY_LENGTH = 512;
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;
const API_KEY = /^Api-Key +([\x21-\x7e]+)$/i;
const SCHEME = /^[A-Za-z][A-Za-z0-9-]{0,31}(?= |$)/;
/** Header that carries an API key alone, in lower case. */
const KEY_HEADER = 'x-api-key';

/** What a client proves its identity with. */
export type Credential = LastingCredential | { readonly kind: 'ticket'; readonly ticket: string };

/** A credential that may be used more than once; a ticket stands for one of these. */
export type LastingCredential =
  { readonly kind: 'token'; readonly token: string } | { readonly kind: 'apiKey'; readonly key: string };

/** First characters of every ticket, by which it is told from a token. */
export const TICKET_PREFIX = 'inft_';

/** Where a credential comes from and what for. */
export interface CredentialUse {
  /** Address of the client. */
  readonly address: string;
  readonly scope: RequiredScope;
}

/** An authenticated caller and when the credential expires; null for an API key without an expiry. */
export interface Session {
  readonly principal: Principal;
  readonly expiresAt: Date | null;
  /** The credential that a ticket stood for. */
  readonly credential?: LastingCredential;
}

/** The credential of a connection or stream, which is checked again while that is open. */
export interface WatchedCredential {
  readonly userId: string;
  readonly expiresAt: Date | null;
  /**
   * Checks it against the current rows. @returns its expiry
   * @throws AppError of kind unauthenticated or forbidden once it is no longer valid.
   */
  check(): Promise<Date | null>;
}

/** The entry point of all authentication: requests, WebSockets and streams. */
export interface Authenticator {
  /**
   * Identifies the caller. Counts as a use of an API key: rate limit, last use, wrong keys.
   * @throws AppError of kind unauthenticated, forbidden or rate_limited.
   */
  admit(credential: Credential, use: CredentialUse): Promise<Session>;
  /** Like {@link admit}, for a credential that was admitted before; not counted. */
  recheck(credential: Credential, use: CredentialUse): Promise<Session>;
}

/** An admitted caller, and the credential for a response or connection that stays open. */
export interface Caller {
  readonly principal: Principal;
  readonly credential: WatchedCredential;
}

/** Admits the caller with a credential. @throws like {@link Authenticator.admit} */
export async function admitCaller(
  authenticator: Authenticator,
  credential: Credential,
  use: CredentialUse,
): Promise<Caller> {
  const session = await authenticator.admit(credential, use);
  const { principal, expiresAt } = session;
  const lasting = session.credential ?? credential;
  return {
    principal,
    credential: {
      userId: principal.userId,
      expiresAt,
      check: async () => (await authenticator.recheck(lasting, use)).expiresAt,
    },
  };
}

/** Headers of a request, as Node.js gives them. */
export interface CredentialHeaders {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders: readonly string[];
}

/**
 * The credential of a request: `Authorization: Bearer`, `Authorization: Api-Key` or `X-API-Key`; null without one.
 * @throws AppError TOKEN_NOT_BEARER, INVALID_TOKEN, TOKEN_MISSING, INVALID_API_KEY, CREDENTIALS_AMBIGUOUS.
 */
export function readCredential(request: CredentialHeaders): LastingCredential | null {
  const inHeader = headerOf(request, KEY_HEADER);
  const authorization = headerOf(request, 'authorization');
  const key = inHeader === undefined ? null : { kind: 'apiKey' as const, key: readKey(inHeader) };
  const authorised = authorization === undefined ? null : parseAuthorization(authorization);
  if (key === null || authorised === null) return key ?? authorised;
  if (authorised.kind === 'apiKey' && authorised.key === key.key) return key;
  throw tokenProblem('CREDENTIALS_AMBIGUOUS');
}

/** The credential in a text without a scheme, such as a WebSocket message. */
export function credentialOf(text: string): Credential {
  return text.startsWith(TICKET_PREFIX) ? { kind: 'ticket', ticket: text } : lastingCredentialOf(text);
}

function lastingCredentialOf(text: string): LastingCredential {
  return text.startsWith(API_KEY_PREFIX) ? { kind: 'apiKey', key: text } : { kind: 'token', token: text };
}

function headerOf({ headers, rawHeaders }: CredentialHeaders, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  const copies = rawHeaders.filter((raw, index) => index % 2 === 0 && raw.toLowerCase() === name);
  if (copies.length === 1) return String(value);
  if (name === KEY_HEADER)
    throw tokenProblem('INVALID_API_KEY', 'The X-API-Key header was sent more than once.');
  throw tokenProblem('TOKEN_NOT_BEARER', 'The Authorization header was sent more than once.');
}

function readKey(text: string): string {
  const key = text.trim();
  if (key === '') throw tokenProblem('TOKEN_MISSING');
  if (key.length > MAX_KEY_LENGTH || !/^[\x21-\x7e]+$/.test(key)) throw tokenProblem('INVALID_API_KEY');
  return key;
}

function parseAuthorization(header: string): LastingCredential {
  const token = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined;
  // Many clients can only send bearer tokens.
  if (token !== undefined) return lastingCredentialOf(token);
  const scheme = SCHEME.exec(header)?.[0];
  if (scheme === undefined) throw tokenProblem('TOKEN_NOT_BEARER');
  const name = scheme.toLowerCase();
  if (name !== 'bearer' && name !== 'api-key') {
    const message = `The Authorization header must be "Bearer <token>" or "Api-Key <key>"; the given scheme is ${scheme}.`;
    throw tokenProblem('TOKEN_NOT_BEARER', message);
  }
  if (header.slice(scheme.length).trim() === '') throw tokenProblem('TOKEN_MISSING');
  if (name === 'api-key') {
    const key = API_KEY.exec(header)?.[1];
    if (key === undefined) throw tokenProblem('INVALID_API_KEY');
    return { kind: 'apiKey', key: readKey(key) };
  }
  if (header.length <= MAX_TOKEN_LENGTH) throw tokenProblem('INVALID_TOKEN');
  const message = `The access token is longer than ${String(MAX_TOKEN_LENGTH)} characters.`;
  throw tokenProblem('INVALID_TOKEN', message);
}
