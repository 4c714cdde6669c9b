import { z } from 'zod';
import { operation } from './operation.js';
import { urlencoded } from './request-body.js';

const form = z.strictObject({ email: z.string().max(254), password: z.string().max(1024) });
const page = (description: string) => ({ status: 200, description, contentType: 'text/html' });

/** The browser sign-in that guards the queue board. */
export const adminSessionOperations = {
  page: operation({
    method: 'get',
    path: '/api/admin/sign-in',
    operationId: 'adminSignInPage',
    summary: 'Sign-in page of the queue board',
    tag: 'Administration',
    access: 'public',
    responses: [page('The page')],
  }),
  signIn: operation({
    method: 'post',
    path: '/api/admin/sign-in',
    operationId: 'adminSignIn',
    summary: 'Sign in with the form; sets a short-lived cookie for `/api/admin`',
    description:
      'A refusal is the sign-in page for browsers, which ask for HTML first, and problem details for programs.',
    tag: 'Administration',
    access: 'public',
    body: urlencoded(form),
    responses: [{ status: 303, description: 'Signed in; on to the queue board' }],
    errors: [401, 403],
    pageErrors: [401, 429, 503],
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
