import type { Response } from 'express';
import { PASSWORD_PAGE_PATH } from '../domain/api-paths.js';
import { dateOf } from '../domain/iso-time.js';
import { csvLine } from '../domain/csv.js';
import { toCredits } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { accountAdminOperations } from '../schemas/account-admin.schema.js';
import type { AccountAdminService, UsageReport } from '../services/account-admin.service.js';
import type { PasswordService } from '../services/password.service.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';
import type { PublicLinks } from './public-links.js';
import { presentAccount } from './account.presenter.js';

type Operations = typeof accountAdminOperations;

const COLUMNS = ['date', 'userId', 'email', 'jobs', 'images', 'frames', 'credits', 'bytes'] as const;

const presentUsage = ({ from, to, rows }: UsageReport) => ({
  from,
  to,
  data: rows.map((row) => ({ ...row, credits: toCredits(row.credits) })),
});

function sendUsage(report: UsageReport, format: 'json' | 'csv', response: Response): Reply | typeof HANDLED {
  const { data, ...days } = presentUsage(report);
  const isCsv = format === 'csv' || response.req.accepts(['json', 'text/csv']) === 'text/csv';
  if (!isCsv) return ok({ ...days, data });
  const lines = data.map((row) => csvLine(COLUMNS.map((name) => row[name])));
  response
    .status(200)
    .set('Cache-Control', 'no-store')
    .attachment(`usage-${days.from}-${days.to}.csv`)
    .type('text/csv; charset=utf-8')
    .send(csvLine(COLUMNS) + lines.join(''));
  return HANDLED;
}

/** HTTP handlers for admins: accounts, audit log, usage; and for users: their own usage. */
export class AccountAdminController {
  readonly #accounts: AccountAdminService;
  readonly #passwords: Pick<PasswordService, 'createReset'>;
  readonly #links: Pick<PublicLinks, 'urlOf'>;

  constructor(
    accounts: AccountAdminService,
    passwords: Pick<PasswordService, 'createReset'>,
    links: Pick<PublicLinks, 'urlOf'>,
  ) {
    this.#accounts = accounts;
    this.#passwords = passwords;
    this.#links = links;
  }

  readonly disable = async ({ principal, params }: Call<Operations['disable']>): Promise<Reply> =>
    updated(presentAccount(await this.#accounts.setDisabled(principal, params.id, true)));

  readonly enable = async ({ principal, params }: Call<Operations['enable']>): Promise<Reply> =>
    updated(presentAccount(await this.#accounts.setDisabled(principal, params.id, false)));

  readonly passwordReset = async (call: Call<Operations['passwordReset']>): Promise<Reply> => {
    const { user, token, expiresAt } = await this.#passwords.createReset(call.params.id);
    const url = this.#links.urlOf(`${PASSWORD_PAGE_PATH}?token=${token}`, call.request);
    const data = { email: user.email, token, url, expiresAt: expiresAt.toISOString() };
    return created({ success: true, message: 'Password reset created', data }, PASSWORD_PAGE_PATH);
  };

  readonly audit = async ({ query }: Call<Operations['audit']>): Promise<Reply> => {
    const { actor: actorContains, action, createdAfter, createdBefore } = query;
    const filter = {
      actorContains,
      action,
      createdAfter: dateOf(createdAfter),
      createdBefore: dateOf(createdBefore),
    };
    const { rows, total } = await this.#accounts.audit(filter, sliceOf(query));
    const entries = rows.map((entry) => ({ ...entry, createdAt: entry.createdAt.toISOString() }));
    const data = { entries, ...pageFactsOf(query, total) };
    return ok({ success: true, message: 'Audit log retrieved successfully', data });
  };

  readonly usage = async ({
    query,
    response,
  }: Call<Operations['usage']>): Promise<Reply | typeof HANDLED> => {
    const { format, ...request } = query;
    return sendUsage(await this.#accounts.usage(request), format, response);
  };

  readonly ownUsage = async (call: Call<Operations['ownUsage']>): Promise<Reply | typeof HANDLED> => {
    const { format, ...request } = call.query;
    const { userId } = call.principal;
    return sendUsage(await this.#accounts.usage({ ...request, userId }), format, call.response);
  };
}

const updated = (data: ReturnType<typeof presentAccount>): Reply =>
  ok({ success: true, message: 'User updated successfully', data });
