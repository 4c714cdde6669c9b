import { z } from 'zod';
import { SIGN_IN_PATH } from '../domain/api-paths.js';
import { EMAIL_TEXT_MAX, PASSWORD_TEXT_MAX } from './common.schema.js';
import { operation } from './operation.js';
import { urlencoded } from './request-body.js';

const form = z.strictObject({
  email: z.string().max(EMAIL_TEXT_MAX),
  password: z.string().max(PASSWORD_TEXT_MAX),
});
const page = (description: string) => ({ status: 200, description, contentType: 'text/html' });

/** Clients that prefer HTML get the sign-in page. */
const orPage = (status: number) => ({ status, alsoAs: 'text/html' });

/** The browser sign-in that guards the queue board. */
export const adminSessionOperations = {
  page: operation({
    method: 'get',
    path: SIGN_IN_PATH,
    operationId: 'adminSignInPage',
    summary: 'Sign-in page of the queue board',
    tag: 'Administration',
    access: 'public',
    responses: [page('The page')],
  }),
  signIn: operation({
    method: 'post',
    path: SIGN_IN_PATH,
    operationId: 'adminSignIn',
    summary: 'Sign in with the form; sets a short-lived cookie for `/api/admin`',
    description:
      'A refusal is the sign-in page for browsers, which ask for HTML first, and problem details for programs.',
    tag: 'Administration',
    access: 'public',
    body: urlencoded(form),
    responses: [{ status: 303, description: 'Signed in; on to the queue board' }],
    errors: [403, orPage(401), orPage(429), orPage(503)],
  }),
  signOut: operation({
    method: 'post',
    path: '/api/admin/sign-out',
    operationId: 'adminSignOut',
    summary: 'End the session; its cookie is worthless afterwards',
    tag: 'Administration',
    access: 'public',
    responses: [{ status: 303, description: 'Signed out; back to the sign-in page' }],
    errors: [403],
  }),
};
