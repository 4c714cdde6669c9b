import { toCredits } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { authOperations } from '../schemas/auth.schema.js';
import type { AuthService } from '../services/auth.service.js';
import type { PublicJwk } from '../services/token-keys.js';
import { clientOf } from './client-info.js';

type Operations = typeof authOperations;

/** HTTP handlers of registration and sign-in. */
export class AuthController {
  readonly #auth: Pick<AuthService, 'register' | 'login'>;
  readonly #keys: readonly PublicJwk[];

  constructor(auth: Pick<AuthService, 'register' | 'login'>, keys: readonly PublicJwk[]) {
    this.#auth = auth;
    this.#keys = keys;
  }

  readonly register = async ({ body, request }: Call<Operations['register']>): Promise<Reply> => {
    const { id, email, role, balance } = await this.#auth.register(body, request.ip ?? 'unknown');
    const user = { id, email, role, credit: toCredits(balance) };
    return created({ message: 'User registered successfully', user }, '/api/user/credits');
  };

  readonly login = async ({ body, request }: Call<Operations['login']>): Promise<Reply> => {
    const { user: _user, ...issued } = await this.#auth.login(body, clientOf(request));
    return ok({ message: 'Login successful', tokenType: 'Bearer', ...issued });
  };

  readonly jwks = async (): Promise<Reply> =>
    ok({ keys: this.#keys }, { 'Cache-Control': 'public, max-age=300' });
}
