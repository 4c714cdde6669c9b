import { createHash, randomUUID } from 'node:crypto';
import { errors as joseErrors, jwtVerify, SignJWT, type JWTHeaderParameters } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { atMostEntries } from '../domain/cache-limits.js';
import type { User } from '../domain/user.js';
import { invalidToken, tokenProblem } from '../errors/common-errors.js';
import type { KeyRing } from './token-keys.js';

const CLOCK_TOLERANCE_SECONDS = 30;
/** Number of verified tokens that are cached. */
const REMEMBERED_TOKENS = 4096;
const ALLOWED_HEADER_KEYS = new Set(['alg', 'typ', 'kid']);

/** Kinds of tokens; a token of one kind is not accepted as another. */
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
  /** Lifetime of an access token in seconds. */
  readonly accessSeconds: number;
}

/** Claims of a verified token. */
export interface TokenClaims {
  /** The `jti` claim; null for access tokens, which are not revoked individually. */
  readonly tokenId: string | null;
  /** The `sid` claim: the session of a person; null for tokens of earlier versions. */
  readonly sessionId: string | null;
  readonly userId: string;
  readonly tokenVersion: number;
  readonly expiresAt: Date;
}

const claimsSchema = z.object({
  jti: z.uuid().optional(),
  sid: z.uuid().optional(),
  sub: z.uuid(),
  ver: z.number().int().min(0),
  iat: z.number().int().positive(),
  exp: z.number().int().positive(),
});

/** Lifetime of an admin's browser session in seconds. */
const ADMIN_SESSION_SECONDS = 30 * 60;

/** Issues and verifies RS256 tokens (RFC 8725, RFC 9068). */
export class TokenService {
  /**
   * Claims of verified tokens by token digest. The cache is safe because only the expiry depends on time, and
   * revocation is checked by the caller.
   */
  readonly #verified = new LRUCache<string, TokenClaims>(atMostEntries(REMEMBERED_TOKENS));

  readonly #keys: KeyRing;
  readonly #settings: TokenSettings;
  readonly #now: () => Date;

  constructor(keys: KeyRing, settings: TokenSettings, now: () => Date = () => new Date()) {
    this.#keys = keys;
    this.#settings = settings;
    this.#now = now;
  }

  /** Lifetime of tokens of a kind in seconds. */
  lifetime(kind: TokenKind): number {
    return kind === 'access' ? this.#settings.accessSeconds : ADMIN_SESSION_SECONDS;
  }

  /** Issues a signed token for `user`, which ends with `sessionId` if that is given. */
  async issue(
    user: Pick<User, 'id' | 'tokenVersion'>,
    { kind = 'access', sessionId }: { readonly kind?: TokenKind; readonly sessionId?: string } = {},
  ): Promise<string> {
    const { typ, audienceSuffix } = TOKEN_KINDS[kind];
    const issuedAt = Math.floor(this.#now().getTime() / 1000);
    const identity = kind === 'adminSession' ? { jti: randomUUID() } : {};
    return new SignJWT({ ver: user.tokenVersion, sid: sessionId, ...identity })
      .setProtectedHeader({ alg: 'RS256', typ, kid: this.#keys.kid })
      .setSubject(user.id)
      .setIssuer(this.#settings.issuer)
      .setAudience(`${this.#settings.audience}${audienceSuffix}`)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.lifetime(kind))
      .sign(this.#keys.signingKey);
  }

  /**
   * Verifies signature, header and claims. The caller compares the token version with the user's row.
   * @throws AppError TOKEN_EXPIRED for a genuine token after its expiry; INVALID_TOKEN otherwise, without
   *   details.
   */
  async verify(token: string, kind: TokenKind = 'access'): Promise<TokenClaims> {
    const key = `${kind} ${createHash('sha256').update(token).digest('base64')}`;
    const known = this.#verified.get(key);
    if (known && this.#now().getTime() < known.expiresAt.getTime() + CLOCK_TOLERANCE_SECONDS * 1000)
      return known;
    const claims = await this.#verifyUncached(token, kind);
    this.#verified.set(key, claims);
    return claims;
  }

  async #verifyUncached(token: string, kind: TokenKind): Promise<TokenClaims> {
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
        // Also rejects tokens issued in the future or with a lifetime longer than ours.
        maxTokenAge: this.lifetime(kind),
      });
      const { jti, sid, sub, ver, iat, exp } = claimsSchema.parse(payload);
      if (exp - iat > this.lifetime(kind)) throw invalidToken();
      return {
        tokenId: jti ?? null,
        sessionId: sid ?? null,
        userId: sub,
        tokenVersion: ver,
        expiresAt: new Date(exp * 1000),
      };
    } catch (error) {
      // jose checks times only after the signature, so the response does not reveal whether a forged token
      // has expired.
      throw error instanceof joseErrors.JWTExpired ? tokenProblem('TOKEN_EXPIRED') : invalidToken();
    }
  }

  /** The verification key for a key id, from memory only: keys or key URLs in the token are ignored. */
  #verifyKey(header: JWTHeaderParameters) {
    const key = typeof header.kid === 'string' ? this.#keys.verifyKeys.get(header.kid) : undefined;
    const plain = Object.keys(header).every((name) => ALLOWED_HEADER_KEYS.has(name));
    if (key === undefined || !plain) throw invalidToken();
    return key;
  }
}
