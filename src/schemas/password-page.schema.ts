import { z } from 'zod';
import { PASSWORD_PAGE_PATH } from '../domain/api-paths.js';
import { PASSWORD_TEXT_MAX } from './common.schema.js';
import { operation } from './operation.js';
import { urlencoded } from './request-body.js';

const token = z.string().max(512);
const page = (description: string) => ({ status: 200, description, contentType: 'text/html' });
const about = { path: PASSWORD_PAGE_PATH, tag: 'Authentication', access: 'public' } as const;

/** The page of an administrator's link to set a password. */
export const passwordPageOperations = {
  page: operation({
    ...about,
    method: 'get',
    operationId: 'passwordPage',
    summary: 'Page to choose a password, for the links of administrators',
    query: z.strictObject({ token: token.optional() }),
    responses: [page('The page')],
  }),
  submit: operation({
    ...about,
    method: 'post',
    operationId: 'submitPasswordPage',
    summary: 'Set the password with the form of the page',
    description: 'Problems are shown on the page, with their status.',
    body: urlencoded(z.strictObject({ token, password: z.string().max(PASSWORD_TEXT_MAX) })),
    responses: [page('The password was set')],
    errors: [
      { status: 400, alsoAs: 'text/html' },
      { status: 403, alsoAs: 'text/html' },
      { status: 429, alsoAs: 'text/html' },
      { status: 503, alsoAs: 'text/html' },
    ],
  }),
};
