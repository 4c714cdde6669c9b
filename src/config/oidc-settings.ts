import { isIP } from 'node:net';
import { domainToUnicode } from 'node:url';
import { z } from 'zod';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Plain HTTP would let anybody on the way sign in as anybody. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash, username } = new URL(text);
  // The library would not compare the issuer of metadata that are given by their own URL.
  if (pathname.includes('/.well-known/')) return false;
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
  return isSafe && search === '' && hash === '' && username === '';
}

const isDomain = (text: string): boolean => text.includes('.') && !/[@/\s]/.test(text) && isIP(text) === 0;

/** Settings of the sign-in by OpenID Connect. */
export const oidcSettings = {
  /** Issuer of the provider whose accounts may sign in; no sign-in by OpenID Connect unless given. */
  OIDC_ISSUER: z
    .string()
    .max(512)
    .refine(
      isIssuer,
      'must be the https URL of the issuer (http on the loopback only), without query and without /.well-known',
    )
    .optional(),
  OIDC_CLIENT_ID: z.string().min(1).max(512).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).max(1024).optional(),
  OIDC_SCOPES: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be scopes separated by spaces')
    .refine((text) => text.split(' ').includes('openid'), 'must include openid')
    .default('openid email profile'),
  /** E-mail domains whose users may sign in, separated by commas; all unless given. */
  OIDC_ALLOWED_DOMAINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((item) => item.trim().toLowerCase() || []))
    .refine((domains) => domains.every(isDomain), 'must be domains such as example.com, separated by commas')
    .transform((domains) => domains.map((domain) => domainToUnicode(domain).normalize('NFC'))),
  /** Claim that decides about the admin role at each sign-in; dots reach into objects (`realm_access.roles`). */
  OIDC_ROLE_CLAIM: z.string().min(1).max(200).optional(),
  /** Value of the claim, or one of its values, that makes an admin. */
  OIDC_ADMIN_VALUE: z.string().min(1).max(200).default('admin'),
  OIDC_BUTTON_NAME: z.string().trim().min(1).max(60).default('Sign in with OpenID Connect'),
  /** Links existing accounts by verified e-mail without their password, which stops working. */
  OIDC_LINK_VERIFIED_EMAIL: z.stringbool().default(false),
  /** Whether people without an account get one. */
  OIDC_SIGN_UP: z.stringbool().default(true),
};

/** Reports a provider without client id, or a client id without provider. */
export function requireOidcPair(
  settings: { readonly OIDC_ISSUER?: string; readonly OIDC_CLIENT_ID?: string },
  context: z.RefinementCtx,
): void {
  const missing = settings.OIDC_ISSUER === undefined ? 'OIDC_ISSUER' : 'OIDC_CLIENT_ID';
  const given = missing === 'OIDC_ISSUER' ? 'OIDC_CLIENT_ID' : 'OIDC_ISSUER';
  if (settings[given] !== undefined && settings[missing] === undefined)
    context.addIssue({ code: 'custom', path: [missing], message: `is required with ${given}` });
}
