import { z } from 'zod';
import { asciiEmail, canonicalEmail } from '../domain/canonical-text.js';
import { credits, EMAIL_TEXT_MAX, id, issuedTokens, PASSWORD_TEXT_MAX } from './common.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const domainEmail = z.email();
/** Checks the e-mail pattern with non-Latin letters and digits treated as Latin letters. */
const looksLikeEmail = (text: string): boolean =>
  domainEmail.safeParse(
    asciiEmail(text).replaceAll(/[^\p{ASCII}]/gu, (c) => (/[\p{L}\p{M}\p{N}]/u.test(c) ? 'a' : c)),
  ).success;

/** An e-mail address, stored and compared in lower case and NFC, with its domain in Unicode. */
export const email = z
  .string()
  .max(EMAIL_TEXT_MAX)
  .transform(canonicalEmail)
  .pipe(z.string().refine(looksLikeEmail, { error: 'Invalid email address' }))
  .meta({ example: 'user@example.com', format: 'email' });

/** A password. The limits on its length in bytes have their own errors. */
export const password = z.string().max(PASSWORD_TEXT_MAX).meta({ example: 'securepassword123' });

const credentials = z
  .strictObject({ email, password })
  .meta({ id: 'Credentials', description: 'Passwords have 8 to 72 bytes in UTF-8' });

const registered = z
  .object({
    message: z.literal('User registered successfully'),
    user: z.object({ id, email: z.string(), role: z.enum(['user', 'admin']), credit: credits }),
  })
  .meta({ id: 'Registered' });

const loggedIn = z
  .object({
    message: z.literal('Login successful'),
    tokenType: z.literal('Bearer'),
    ...issuedTokens,
  })
  .meta({ id: 'LoggedIn' });

const jwks = z
  .object({
    keys: z.array(
      z.object({
        kty: z.string(),
        n: z.string(),
        e: z.string(),
        kid: z.string(),
        alg: z.literal('RS256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'JsonWebKeySet' });

/** Registration, sign-in and public keys. */
export const authOperations = {
  register: operation({
    method: 'post',
    path: '/api/auth/register',
    operationId: 'register',
    summary: 'Register a new user',
    description: 'A new user starts with 100 credits.',
    tag: 'Authentication',
    access: 'public',
    body: json(credentials),
    responses: [{ status: 201, description: 'The user was registered', schema: registered }],
    errors: [409],
  }),
  login: operation({
    method: 'post',
    path: '/api/auth/login',
    operationId: 'login',
    summary: 'Get an access token',
    description: 'An unknown e-mail and a wrong password get the same response in the same time.',
    tag: 'Authentication',
    access: 'public',
    body: json(credentials),
    responses: [{ status: 200, description: 'The token', schema: loggedIn }],
    errors: [401, 403],
  }),
  keys: operation({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'jsonWebKeys',
    summary: 'Public keys that verify access tokens',
    tag: 'Authentication',
    access: 'public',
    responses: [{ status: 200, description: 'JSON Web Key Set', schema: jwks }],
  }),
};
