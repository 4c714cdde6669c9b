import { AppError } from '../errors/app-error.js';
import type { Call } from '../middlewares/endpoint.js';
import { toProblem } from '../middlewares/problem.js';
import type { HANDLED } from '../middlewares/reply.js';
import type { passwordPageOperations } from '../schemas/password-page.schema.js';
import type { PasswordService } from '../services/password.service.js';
import { sendPage } from './browser-pages.js';
import { clientOf } from './client-info.js';
import { passwordPage } from './set-password.page.js';

type Operations = typeof passwordPageOperations;

/** Form of the links, whose characters need no escaping in HTML. */
const LINK_TOKEN = /^infp_[\w-]{1,200}$/;

/** Kinds of errors that the page shows. */
const SHOWN: ReadonlySet<AppError['kind']> = new Set([
  'malformed',
  'forbidden',
  'rate_limited',
  'unavailable',
]);

/** HTTP handlers of the page on which a user chooses a password. */
export class PasswordPageController {
  readonly #passwords: Pick<PasswordService, 'reset'>;

  constructor(passwords: Pick<PasswordService, 'reset'>) {
    this.#passwords = passwords;
  }

  readonly page = async ({ query, response }: Call<Operations['page']>): Promise<typeof HANDLED> => {
    const { token = '' } = query;
    return sendPage(response, 200, LINK_TOKEN.test(token) ? passwordPage({ token }) : passwordPage({}));
  };

  readonly submit = async (call: Call<Operations['submit']>): Promise<typeof HANDLED> => {
    const { body, request, response } = call;
    try {
      await this.#passwords.reset(body.token, body.password, clientOf(request).address);
    } catch (error) {
      if (!(error instanceof AppError) || !SHOWN.has(error.kind)) throw error;
      const { status, headers } = toProblem(error, { id: '', path: request.path });
      // The form stays open for another password; another link needs another page.
      const token = error.kind !== 'forbidden' && LINK_TOKEN.test(body.token) ? body.token : undefined;
      return sendPage(response.set(headers), status, passwordPage({ token, problem: problemOf(error) }));
    }
    return sendPage(response, 200, passwordPage({ done: true }));
  };
}

function problemOf({ kind }: AppError): 'password' | 'link' | 'busy' {
  if (kind === 'malformed') return 'password';
  return kind === 'forbidden' ? 'link' : 'busy';
}
