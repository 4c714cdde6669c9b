import { priceOf, toCredits, type PricePreset, type PriceUnit } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { accountOperations } from '../schemas/account.schema.js';
import type { AccountService } from '../services/account.service.js';
import type { AuthService } from '../services/auth.service.js';
import { clientOf } from './client-info.js';
import { presentTransaction } from './transaction.presenter.js';

type Operations = typeof accountOperations;

const RECENT_TRANSACTIONS = 10;

function presentPricing(preset: PricePreset) {
  const credits = (unit: PriceUnit): number => toCredits(priceOf(preset, unit));
  return {
    dataset_upload: {
      single_image: credits('upload.image'),
      video_frame: credits('upload.video_frame'),
      zip_file: credits('upload.zip_file'),
    },
    inference: {
      single_image: credits('inference.image'),
      video_frame: credits('inference.video_frame'),
    },
  };
}

/** HTTP handlers of named accounts (first name and surname), for the compatibility routes. */
export class AccountController {
  readonly #auth: Pick<AuthService, 'register' | 'login'>;
  readonly #accounts: Pick<AccountService, 'get' | 'statement' | 'prices' | 'update' | 'remove'>;

  constructor(
    auth: Pick<AuthService, 'register' | 'login'>,
    accounts: Pick<AccountService, 'get' | 'statement' | 'prices' | 'update' | 'remove'>,
  ) {
    this.#auth = auth;
    this.#accounts = accounts;
  }

  readonly register = async ({ body, request }: Call<Operations['register']>): Promise<Reply> => {
    const { id, name, surname, email, balance, role } = await this.#auth.register(
      body,
      request.ip ?? 'unknown',
    );
    const data = { id, name, surname, email, tokens: toCredits(balance), role };
    return created({ success: true, message: 'User created successfully', data }, '/api/users/profile');
  };

  readonly login = async ({ body, request }: Call<Operations['login']>): Promise<Reply> => {
    const { user, ...issued } = await this.#auth.login(body, clientOf(request));
    const { id, name, email } = user;
    const data = { ...issued, user: { id, name, email } };
    return ok({ success: true, message: 'Login successful', data });
  };

  readonly profile = async ({ principal }: Call<Operations['profile']>): Promise<Reply> => {
    const { id, name, surname, email } = await this.#accounts.get(principal.userId);
    return ok({ success: true, data: { id, name, surname, email } });
  };

  readonly tokens = async ({ principal }: Call<Operations['tokens']>): Promise<Reply> => {
    const { user, entries } = await this.#accounts.statement(principal.userId, RECENT_TRANSACTIONS);
    const data = {
      balance: toCredits(user.balance),
      recentTransactions: entries.map(presentTransaction),
      tokenPricing: presentPricing(await this.#accounts.prices()),
    };
    return ok({ success: true, message: 'Token balance retrieved successfully', data });
  };

  readonly update = async ({ principal, params, body }: Call<Operations['update']>): Promise<Reply> => {
    const user = await this.#accounts.update(principal, params.userId, body);
    const data = {
      id: user.id,
      ...(body.name !== undefined && { name: user.name }),
      ...(body.surname !== undefined && { surname: user.surname }),
      ...(body.email !== undefined && { email: user.email }),
      updatedAt: user.updatedAt.toISOString(),
    };
    return ok({ success: true, message: 'User updated successfully', data });
  };

  readonly remove = async ({ principal, params }: Call<Operations['remove']>): Promise<Reply> => {
    await this.#accounts.remove(principal, params.userId);
    return ok({ success: true, message: 'User deleted successfully' });
  };
}
