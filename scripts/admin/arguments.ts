import { parseArgs } from 'node:util';

/** A parsed command line. */
export type AdminCommand =
  | { readonly name: 'help' }
  | {
      readonly name: 'list';
      readonly email?: string;
      readonly role?: 'user' | 'admin';
      readonly disabled: boolean;
      readonly limit: number;
      readonly page: number;
    }
  | { readonly name: 'reset-password'; readonly email: string; readonly fromStdin: boolean }
  | { readonly name: 'recharge'; readonly email: string; readonly credits: number }
  | { readonly name: 'disable' | 'enable'; readonly email: string };

/** An invalid command line. */
export class UsageError extends Error {}

/** Text of `--help`. */
export const USAGE = `Usage: npm run admin -- <command> [options]

Commands:
  list                          accounts, newest first
    --email <part>              only e-mail addresses that contain this
    --role user|admin           only this role
    --disabled                  only disabled accounts
    --limit <n> --page <n>      page length (1 to 1000, 100 by default) and number (from 1)
  reset-password <email>        sets a random password, prints it once, and ends all sessions of the account
    --password-stdin            reads the new password from the first line of standard input instead
  recharge <email> <credits>    adds credits, recorded in the ledger
  disable <email>               prevents the account from signing in and revokes its tokens
  enable <email>                allows the account to sign in again

Options:
  --json                        prints one JSON document to standard output
  --help                        prints this text

The commands use the database of this installation, whether the server is running or not: that of DATABASE_URL or
DB_HOST, or the embedded one in DATA_DIR, which is started for the command if needed.

Examples:
  npm run admin -- list --role admin
  npm run admin -- reset-password admin@infernode.local
  npm run admin -- recharge user@example.com 50 --json

Exit status: 0 success, 1 failure, 2 invalid command line.
`;

const OPTIONS = {
  email: { type: 'string' },
  role: { type: 'string' },
  disabled: { type: 'boolean' },
  limit: { type: 'string' },
  page: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Options that a command takes in addition to `--json` and `--help`, and its number of arguments. */
const COMMANDS = {
  list: { options: ['email', 'role', 'disabled', 'limit', 'page'], count: 0 },
  'reset-password': { options: ['password-stdin'], count: 1 },
  recharge: { options: [], count: 2 },
  disable: { options: [], count: 1 },
  enable: { options: [], count: 1 },
} as const;

type Values = ReturnType<typeof parse>['values'];

const parse = (args: readonly string[]) =>
  parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });

function wholeNumber(name: string, text: string | undefined, range: { default: number; max: number }) {
  if (text === undefined) return range.default;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= 1 && value <= range.max) return value;
  throw new UsageError(`--${name} takes a whole number from 1 to ${String(range.max)}.`);
}

function creditsOf(text: string): number {
  const credits = Number(text);
  if (/^\d+(\.\d{1,6})?$/.test(text) && credits > 0) return credits;
  throw new UsageError(`"${text}" is not a valid amount: it must be above 0, with at most six decimals.`);
}

function listOf({ email, role, disabled = false, limit, page }: Values): AdminCommand {
  if (role !== undefined && role !== 'user' && role !== 'admin')
    throw new UsageError('--role takes user or admin.');
  return {
    name: 'list',
    email,
    role,
    disabled,
    limit: wholeNumber('limit', limit, { default: 100, max: 1000 }),
    page: wholeNumber('page', page, { default: 1, max: 1_000_000 }),
  };
}

const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

function commandOf([name = '', ...rest]: readonly string[], values: Values): AdminCommand {
  if (!isCommand(name))
    throw new UsageError(name === '' ? 'A command is required.' : `Unknown command "${name}".`);
  const { options, count } = COMMANDS[name];
  const foreign = Object.keys(values).find(
    (key) => key !== 'json' && key !== 'help' && !(options as readonly string[]).includes(key),
  );
  if (foreign !== undefined) throw new UsageError(`${name} does not take --${foreign}.`);
  if (rest.length !== count)
    throw new UsageError(`${name} takes ${String(count)} arguments, ${String(rest.length)} were given.`);
  const [email, credits] = rest;
  switch (name) {
    case 'list':
      return listOf(values);
    case 'reset-password':
      return { name, email, fromStdin: values['password-stdin'] ?? false };
    case 'recharge':
      return { name, email, credits: creditsOf(credits) };
    case 'disable':
    case 'enable':
      return { name, email };
  }
}

/** @throws UsageError */
export function parseAdminArguments(args: readonly string[]): { command: AdminCommand; json: boolean } {
  const { positionals, values } = parsed(args);
  const command: AdminCommand = values.help ? { name: 'help' } : commandOf(positionals, values);
  return { command, json: values.json };
}

function parsed(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
