import type { UserRepository } from '../domain/repositories/user.repository.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';
import { STARTING_BALANCE, type User } from '../domain/user.js';

/** Creates an account with the starting balance as the first row of its ledger. @throws AppError EMAIL_TAKEN */
export async function createAccount(
  { users, ledger }: Pick<TransactionScope, 'users' | 'ledger'>,
  account: Parameters<UserRepository['create']>[0],
): Promise<User> {
  const user = await users.create(account);
  const grant = await ledger.append({
    userId: user.id,
    kind: 'grant',
    amount: STARTING_BALANCE,
    delta: STARTING_BALANCE,
    description: 'Starting balance',
  });
  return { ...user, balance: grant.balanceAfter };
}
