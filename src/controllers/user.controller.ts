import { toCredits, type MicroCredits } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { userOperations } from '../schemas/user.schema.js';
import type { AdminService } from '../services/admin.service.js';
import type { UserService } from '../services/user.service.js';

type Operations = typeof userOperations;

const recharged = (balance: MicroCredits): Reply =>
  ok({ message: "User's credits updated", newBalance: toCredits(balance) });

/** HTTP handlers of balances. */
export class UserController {
  readonly #users: Pick<UserService, 'balance'>;
  readonly #admins: Pick<AdminService, 'recharge'>;

  constructor(users: Pick<UserService, 'balance'>, admins: Pick<AdminService, 'recharge'>) {
    this.#users = users;
    this.#admins = admins;
  }

  readonly credits = async ({ principal }: Call<Operations['credits']>): Promise<Reply> =>
    ok({ credits: toCredits(await this.#users.balance(principal.userId)) });

  readonly recharge = async ({ principal, body, receipt }: Call<Operations['recharge']>): Promise<Reply> => {
    const answer = new IdempotentReply(receipt, recharged);
    return answer.of(await this.#admins.recharge(principal, body, answer.record));
  };
}
