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

/** An error that clients preferring HTML get as the sign-in page. */
const orPage = (status: number) => ({ status, alsoAs: 'text/html' });

/** Sign-in with a browser, for the queue board. */
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
      'A failed sign-in returns the sign-in page to clients that prefer HTML, and problem details to others.',
    tag: 'Administration',
    access: 'public',
    body: urlencoded(form),
    responses: [{ status: 303, description: 'Signed in; redirects to the queue board' }],
    errors: [403, orPage(401), orPage(429), orPage(503)],
  }),
  signOut: operation({
    method: 'post',
    path: '/api/admin/sign-out',
    operationId: 'adminSignOut',
    summary: 'End the session and revoke its cookie',
    tag: 'Administration',
    access: 'public',
    responses: [{ status: 303, description: 'Signed out; redirects to the sign-in page' }],
    errors: [403],
  }),
};
