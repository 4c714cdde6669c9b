import type { KeyGrant } from '../domain/api-key.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import { SCOPE_NAMES, type Scope } from '../domain/scopes.js';
import type { User } from '../domain/user.js';
import { digestOfSecret, sameDigest } from './secret-text.js';

/** An API key of the configuration. */
export interface ConfiguredKey {
  /** Id or e-mail of the user. */
  readonly user: string;
  readonly apiKey: string;
  /** All scopes by default. */
  readonly scopes?: readonly Scope[];
}

interface EnvironmentKey {
  readonly grant: KeyGrant;
  readonly user: string;
  readonly digest: Buffer;
}

/** The API keys of the configuration (`API_KEYS`). Their users are looked up at each request. */
export class EnvironmentKeys {
  readonly #keys = new Map<string, EnvironmentKey>();
  readonly #users: Pick<UserRepository, 'findById' | 'findByEmail'>;

  constructor(configured: readonly ConfiguredKey[], users: Pick<UserRepository, 'findById' | 'findByEmail'>) {
    this.#users = users;
    for (const [index, { user, apiKey, scopes = SCOPE_NAMES }] of configured.entries()) {
      const digest = digestOfSecret(apiKey);
      const grant = {
        id: `environment-${String(index)}`,
        scopes,
        expiresAt: null,
        ipRanges: [],
        rateLimitPerMinute: null,
      };
      this.#keys.set(digest.toString('base64'), { grant, user, digest });
    }
  }

  /** The key with this digest and its user, `null` where the user does not exist; undefined for other keys. */
  async find(digest: Buffer): Promise<{ readonly grant: KeyGrant; readonly user: User | null } | undefined> {
    const key = this.#keys.get(digest.toString('base64'));
    if (!key || !sameDigest(key.digest, digest)) return undefined;
    return { grant: key.grant, user: await this.#findUser(key.user) };
  }

  /** Users of the configuration that do not exist; their keys are rejected until they do. */
  async unknownUsers(): Promise<readonly string[]> {
    const named = [...new Set([...this.#keys.values()].map(({ user }) => user))];
    const found = await Promise.all(named.map((user) => this.#findUser(user)));
    return named.filter((_, index) => found[index] === null);
  }

  #findUser(user: string): Promise<User | null> {
    return user.includes('@') ? this.#users.findByEmail(user) : this.#users.findById(user);
  }
}
