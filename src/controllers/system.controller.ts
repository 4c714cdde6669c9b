import type { Request } from 'express';
import {
  DOCUMENTATION_PATH,
  HEALTH_PATH,
  OPENAPI_PATH,
  QUEUE_BOARD_PATH,
  READINESS_PATH,
  WEBSOCKET_PATH,
} from '../domain/api-paths.js';
import type { Authenticator } from '../domain/credential.js';
import { authenticateRequest } from '../middlewares/authenticate.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { systemOperations } from '../schemas/system.schema.js';
import type { HealthCheck, HealthService } from '../services/health.service.js';

type Operations = typeof systemOperations;

/** Dependencies of {@link SystemController}. */
export interface SystemControllerDeps {
  readonly health: Pick<HealthService, 'readiness'>;
  /** Name of the check of the database, and of Redis; null without Redis. */
  readonly databaseCheck: string;
  readonly redisCheck: string | null;
  readonly authenticator: Authenticator;
  readonly version: string;
  /** The OpenAPI document as JSON. */
  readonly document: () => Promise<Buffer>;
}

const LINKS = {
  documentation: DOCUMENTATION_PATH,
  openapi: OPENAPI_PATH,
  health: HEALTH_PATH,
  readiness: READINESS_PATH,
  queues: QUEUE_BOARD_PATH,
  websocket: WEBSOCKET_PATH,
};

const NOT_READY_RETRY_SECONDS = '2';

/** HTTP handlers of health, documentation and the index page. */
export class SystemController {
  readonly #deps: SystemControllerDeps;

  constructor(deps: SystemControllerDeps) {
    this.#deps = deps;
  }

  readonly welcome = async (): Promise<Reply> =>
    ok({ name: 'InferNode', version: this.#deps.version, links: LINKS });

  readonly health = async (): Promise<Reply> =>
    ok({ status: 'Server is working!', timestamp: new Date().toISOString() });

  readonly dependencies = async (): Promise<Reply> => {
    const { checks } = await this.#deps.health.readiness();
    const shown = ({ ok: responds, durationMs }: HealthCheck) => ({ ok: responds, durationMs });
    const database = shown(checks[this.#deps.databaseCheck]);
    const redis = this.#deps.redisCheck === null ? null : shown(checks[this.#deps.redisCheck]);
    const healthy = database.ok && redis?.ok !== false;
    return {
      status: healthy ? 200 : 503,
      body: { status: healthy ? 'ok' : 'degraded', timestamp: new Date().toISOString(), database, redis },
      ...(!healthy && { headers: { 'Retry-After': NOT_READY_RETRY_SECONDS } }),
    };
  };

  readonly livez = async (): Promise<Reply> => ok({ status: 'ok' });

  readonly readyz = async ({ request }: Call<Operations['readyz']>): Promise<Reply> => {
    const { ready, checks } = await this.#deps.health.readiness();
    const detailed = await this.#isAdmin(request);
    const shown = Object.entries(checks).map(
      ([name, { reason, ...check }]) =>
        [name, detailed && reason !== undefined ? { ...check, reason } : check] as const,
    );
    return {
      status: ready ? 200 : 503,
      body: { status: ready ? 'ready' : 'not ready', checks: Object.fromEntries<unknown>(shown) },
      ...(!ready && { headers: { 'Retry-After': NOT_READY_RETRY_SECONDS } }),
    };
  };

  readonly document = async (): Promise<Reply> => ok(await this.#deps.document());

  /**
   * Whether the caller is an admin: failure reasons may contain hosts and paths. An invalid token must not
   * fail a probe.
   */
  async #isAdmin(request: Request): Promise<boolean> {
    try {
      await authenticateRequest(request, this.#deps.authenticator, { access: 'admin', scope: 'admin' });
      return true;
    } catch {
      return false;
    }
  }
}
