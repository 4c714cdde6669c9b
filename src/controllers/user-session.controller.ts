import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { userSessionOperations } from '../schemas/user-session.schema.js';
import type { PasswordService } from '../services/password.service.js';
import type { IssuedTokens, UserSessionService } from '../services/user-session.service.js';
import { clientOf } from './client-info.js';

type Operations = typeof userSessionOperations;

const presentTokens = (message: string, issued: IssuedTokens) => ({
  message,
  tokenType: 'Bearer',
  ...issued,
});

/** HTTP handlers of sessions of people and their passwords. */
export class UserSessionController {
  readonly #sessions: UserSessionService;
  readonly #passwords: PasswordService;

  constructor(sessions: UserSessionService, passwords: PasswordService) {
    this.#sessions = sessions;
    this.#passwords = passwords;
  }

  readonly refresh = async ({ body, request }: Call<Operations['refresh']>): Promise<Reply> =>
    ok(presentTokens('Tokens refreshed', await this.#sessions.refresh(body.refreshToken, clientOf(request))));

  readonly signOut = async ({ principal }: Call<Operations['signOut']>): Promise<Reply> => {
    await this.#sessions.signOut(principal);
    return { status: 204 };
  };

  readonly list = async ({ principal }: Call<Operations['list']>): Promise<Reply> => {
    const data = (await this.#sessions.list(principal)).map((session) => ({
      id: session.id,
      current: session.id === principal.sessionId,
      address: session.address,
      userAgent: session.userAgent,
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: session.lastUsedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
    }));
    return ok({ data, nextCursor: null, hasMore: false });
  };

  readonly end = async ({ principal, params }: Call<Operations['end']>): Promise<Reply> => {
    await this.#sessions.end(principal, params.id);
    return { status: 204 };
  };

  readonly endOthers = async ({ principal }: Call<Operations['endOthers']>): Promise<Reply> =>
    ok({ ended: await this.#sessions.endOthers(principal) });

  readonly changePassword = async (call: Call<Operations['changePassword']>): Promise<Reply> => {
    const issued = await this.#passwords.change(call.principal, call.body, clientOf(call.request));
    return ok(presentTokens('Password changed', issued));
  };

  readonly resetPassword = async ({ body, request }: Call<Operations['resetPassword']>): Promise<Reply> => {
    await this.#passwords.reset(body.token, body.password, clientOf(request).address);
    return ok({ message: 'Password changed' });
  };
}
