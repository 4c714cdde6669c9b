import { createInterface } from 'node:readline';
import Table from 'cli-table3';
import { loadSettings } from '../src/config/load.js';
import { toCredits } from '../src/domain/money.js';
import type { User } from '../src/domain/user.js';
import { AppError, messageOf } from '../src/errors/app-error.js';
import { parseAdminArguments, USAGE, UsageError, type AdminCommand } from './admin/arguments.js';
import { openAccounts } from './admin/open-accounts.js';
import type { AdminAccounts } from '../src/services/admin-accounts.service.js';

/** Administers accounts from the command line: `npm run admin -- --help`. */

/** Result of a command, as JSON and as text. */
interface Outcome {
  readonly json: object;
  readonly text: string;
}

const presentUser = (user: User) => ({
  id: user.id,
  email: user.email,
  name: user.name,
  surname: user.surname,
  role: user.role,
  credits: toCredits(user.balance),
  disabled: user.disabledAt !== null,
  createdAt: user.createdAt.toISOString(),
});

async function list(
  accounts: AdminAccounts,
  { email, role, disabled, limit, page }: Extract<AdminCommand, { name: 'list' }>,
): Promise<Outcome> {
  const filter = { emailContains: email, role, ...(disabled && { disabled }) };
  const { rows, total } = await accounts.list(filter, { offset: (page - 1) * limit, limit });
  const users = rows.map(presentUser);
  const head = ['E-mail', 'Role', 'Credits', 'State', 'Created'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const user of users)
    table.push([
      user.email,
      user.role,
      user.credits,
      user.disabled ? 'disabled' : 'active',
      user.createdAt.slice(0, 10),
    ]);
  const text = `${table.toString()}\n${String(users.length)} of ${String(total)} accounts.`;
  return { json: { users, total, page, limit }, text };
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new UsageError('--password-stdin: standard input contains no password.');
}

async function resetPassword(accounts: AdminAccounts, email: string, password?: string): Promise<Outcome> {
  const { generated, ...rest } = await accounts.resetPassword(email, password);
  const shown = generated === null ? 'the given one' : `${generated} (shown only now)`;
  return {
    json: { ...rest, password: generated },
    text: `The password of ${rest.email} is ${shown}. All its sessions have ended.`,
  };
}

async function run(accounts: AdminAccounts, command: Exclude<AdminCommand, { name: 'help' }>) {
  switch (command.name) {
    case 'list':
      return list(accounts, command);
    case 'reset-password':
      return resetPassword(accounts, command.email, command.fromStdin ? await firstLine() : undefined);
    case 'recharge': {
      const newBalance = toCredits(await accounts.recharge(command.email, command.credits));
      const { email, credits } = command;
      return {
        json: { email, credits, newBalance },
        text: `${email} now has ${String(newBalance)} credits.`,
      };
    }
    case 'disable': {
      const { email } = await accounts.disable(command.email);
      return { json: { email, disabled: true }, text: `${email} is disabled; its tokens have been revoked.` };
    }
    case 'enable': {
      const { email } = await accounts.enable(command.email);
      return { json: { email, disabled: false }, text: `${email} can sign in again.` };
    }
  }
}

async function main(): Promise<void> {
  const { command, json } = parseAdminArguments(process.argv.slice(2));
  if (command.name === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const { accounts, close } = await openAccounts(loadSettings());
  try {
    const outcome = await run(accounts, command);
    process.stdout.write(`${json ? JSON.stringify(outcome.json) : outcome.text}\n`);
  } finally {
    await close();
  }
}

try {
  await main();
} catch (error) {
  const code = error instanceof AppError ? ` (${error.code})` : '';
  process.stderr.write(`${messageOf(error)}${code}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
