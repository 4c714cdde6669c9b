import { toCredits } from '../domain/money.js';
import type { User } from '../domain/user.js';

/** An account as admins see it. */
export function presentAccount(user: User) {
  return {
    id: user.id,
    name: user.name,
    surname: user.surname,
    email: user.email,
    role: user.role,
    tokens: toCredits(user.balance),
    disabled: user.disabledAt !== null,
    deleted: user.deletedAt !== null,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}
