import { createHash, randomUUID } from 'node:crypto';
import { errors as joseErrors, jwtVerify, SignJWT, type JWTHeaderParameters } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { atMostEntries } from '../domain/cache-limits.js';
import type { User } from '../domain/user.js';
import { invalidToken, tokenProblem } from '../errors/common-errors.js';
import type { KeyRing } from './token-keys.js';

const CLOCK_TOLERANCE_SECONDS = 30;
/** Tokens whose signature is not computed again. */
const REMEMBERED_TOKENS = 4096;
const ALLOWED_HEADER_KEYS = new Set(['alg', 'typ', 'kid']);

/** Kinds of tokens; a token of one kind is worthless as another. */
const TOKEN_KINDS = {
  access: { typ: 'at+jwt', audienceSuffix: '' },
  adminSession: { typ: 'admin-session+jwt', audienceSuffix: ':admin-session' },
} as const;

/** See {@link TOKEN_KINDS}. */
export type TokenKind = keyof typeof TOKEN_KINDS;

/** Settings of the tokens. */
export interface TokenSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Seconds that an access token is valid. */
  readonly accessSeconds: number;
}

/** What a verified token says. */
export interface TokenClaims {
  /** Identity of the token; null for access tokens, which are not revoked one by one. */
  readonly tokenId: string | null;
  readonly userId: string;
  readonly tokenVersion: number;
  readonly expiresAt: Date;
}

const claimsSchema = z.object({
  jti: z.uuid().optional(),
  sub: z.uuid(),
  ver: z.number().int().min(0),
  iat: z.number().int().positive(),
  exp: z.number().int().positive(),
});

/** Seconds that the browser session of an admin is valid. */
const ADMIN_SESSION_SECONDS = 30 * 60;

/** Issues and verifies RS256 tokens (RFC 8725, RFC 9068). */
export class TokenService {
  /** What verified tokens say, by digest: only their end depends on the time, and revocation is the caller's to check. */
  readonly #verified = new LRUCache<string, TokenClaims>(atMostEntries(REMEMBERED_TOKENS));

  readonly #keys: KeyRing;
  readonly #settings: TokenSettings;
  readonly #now: () => Date;

  constructor(keys: KeyRing, settings: TokenSettings, now: () => Date = () => new Date()) {
    this.#keys = keys;
    this.#settings = settings;
    this.#now = now;
  }

  /** Seconds that tokens of a kind are valid. */
  lifetime(kind: TokenKind): number {
    return kind === 'access' ? this.#settings.accessSeconds : ADMIN_SESSION_SECONDS;
  }

  /** A signed token for `user`. */
  async issue(user: Pick<User, 'id' | 'tokenVersion'>, kind: TokenKind = 'access'): Promise<string> {
    const { typ, audienceSuffix } = TOKEN_KINDS[kind];
    const issuedAt = Math.floor(this.#now().getTime() / 1000);
    const identity = kind === 'adminSession' ? { jti: randomUUID() } : {};
    return new SignJWT({ ver: user.tokenVersion, ...identity })
      .setProtectedHeader({ alg: 'RS256', typ, kid: this.#keys.kid })
      .setSubject(user.id)
      .setIssuer(this.#settings.issuer)
      .setAudience(`${this.#settings.audience}${audienceSuffix}`)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.lifetime(kind))
      .sign(this.#keys.signingKey);
  }

  /**
   * Checks signature, header and claims; the token version is left to the caller, who has the user's row.
   * @throws AppError TOKEN_EXPIRED for a token of ours after its end; INVALID_TOKEN for all else, without details.
   */
  async verify(token: string, kind: TokenKind = 'access'): Promise<TokenClaims> {
    const key = `${kind} ${createHash('sha256').update(token).digest('base64')}`;
    const known = this.#verified.get(key);
    if (known && this.#now().getTime() < known.expiresAt.getTime() + CLOCK_TOLERANCE_SECONDS * 1000)
      return known;
    const claims = await this.#verifyAnew(token, kind);
    this.#verified.set(key, claims);
    return claims;
  }

  async #verifyAnew(token: string, kind: TokenKind): Promise<TokenClaims> {
    const { typ, audienceSuffix } = TOKEN_KINDS[kind];
    try {
      const { payload } = await jwtVerify(token, (header) => this.#verifyKey(header), {
        algorithms: ['RS256'],
        issuer: this.#settings.issuer,
        audience: `${this.#settings.audience}${audienceSuffix}`,
        typ,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: this.#now(),
        requiredClaims: ['sub', 'exp', 'iat', 'ver', ...(kind === 'adminSession' ? ['jti'] : [])],
        // Also refuses tokens from the future and lifetimes that we never issue.
        maxTokenAge: this.lifetime(kind),
      });
      const { jti, sub, ver, iat, exp } = claimsSchema.parse(payload);
      if (exp - iat > this.lifetime(kind)) throw invalidToken();
      return { tokenId: jti ?? null, userId: sub, tokenVersion: ver, expiresAt: new Date(exp * 1000) };
    } catch (error) {
      // The library looks at times only after the signature, so the response does not reveal the age of a forged token.
      throw error instanceof joseErrors.JWTExpired ? tokenProblem('TOKEN_EXPIRED') : invalidToken();
    }
  }

  /** The key by its id, from memory only: no file, no network, no keys that the token brings along. */
  #verifyKey(header: JWTHeaderParameters) {
    const key = typeof header.kid === 'string' ? this.#keys.verifyKeys.get(header.kid) : undefined;
    const plain = Object.keys(header).every((name) => ALLOWED_HEADER_KEYS.has(name));
    if (key === undefined || !plain) throw invalidToken();
    return key;
  }
}
