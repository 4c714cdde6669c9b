import type { ApiKey } from '../domain/api-key.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { apiKeyOperations } from '../schemas/api-key.schema.js';
import type { ApiKeyService, IssuedKey } from '../services/api-key.service.js';

type Operations = typeof apiKeyOperations;

function presentApiKey(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    expiresAt: key.expiresAt?.toISOString() ?? null,
    ipRanges: key.ipRanges,
    rateLimitPerMinute: key.rateLimitPerMinute,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    previousSecretExpiresAt: key.previousExpiresAt?.toISOString() ?? null,
    createdAt: key.createdAt.toISOString(),
  };
}

const presentIssued = ({ apiKey, secret }: IssuedKey) => ({ apiKey: presentApiKey(apiKey), secret });

/** HTTP handlers of the caller's API keys. */
export class ApiKeyController {
  readonly #keys: ApiKeyService;

  constructor(keys: ApiKeyService) {
    this.#keys = keys;
  }

  readonly create = async ({ principal, body }: Call<Operations['create']>): Promise<Reply> => {
    const issued = await this.#keys.create(principal, body);
    return created(presentIssued(issued), `/api/keys/${issued.apiKey.id}`);
  };

  readonly list = async ({ principal }: Call<Operations['list']>): Promise<Reply> => {
    const data = (await this.#keys.list(principal)).map(presentApiKey);
    return ok({ data, nextCursor: null, hasMore: false });
  };

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> =>
    ok({ apiKey: presentApiKey(await this.#keys.get(principal, params.id)) });

  readonly update = async ({ principal, params, body }: Call<Operations['update']>): Promise<Reply> =>
    ok({ apiKey: presentApiKey(await this.#keys.update(principal, params.id, body)) });

  readonly rotate = async ({ principal, params, body }: Call<Operations['rotate']>): Promise<Reply> =>
    ok(presentIssued(await this.#keys.rotate(principal, params.id, body?.graceSeconds ?? 0)));

  readonly remove = async ({ principal, params }: Call<Operations['remove']>): Promise<Reply> => {
    await this.#keys.remove(principal, params.id);
    return { status: 204 };
  };
}
