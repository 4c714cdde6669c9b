import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SignInChecks } from '../domain/identity.js';
import { AppError } from '../errors/app-error.js';

/** A sign-in that a browser has started; it lives in a cookie of that browser. */
export interface SignInFlow extends SignInChecks {
  /** Path to which the browser returns. */
  readonly returnTo: string;
}

/** Time for the sign-in at the provider. */
export const FLOW_SECONDS = 600;
const MAX_SEALED_LENGTH = 3000;
const PURPOSE = 'infernode openid sign-in\n';
const FIELDS = ['state', 'nonce', 'codeVerifier', 'returnTo'] as const;

const random = (): string => randomBytes(32).toString('base64url');

/** Error for a callback without the cookie of its sign-in. */
const withoutCookie = (): AppError =>
  new AppError('OIDC_SIGN_IN_INVALID', {
    message: 'This sign-in was not started in this browser, or was started more than ten minutes ago.',
  });

/** A new sign-in with random values of 256 bits. */
export const newFlow = (returnTo: string): SignInFlow => ({
  state: random(),
  nonce: random(),
  codeVerifier: random(),
  returnTo,
});

/** Signs started sign-ins, so that the browser can keep them and nobody can make one up. */
export class SignInFlows {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(key: Buffer, now: () => number = Date.now) {
    this.#key = key;
    this.#now = now;
  }

  /** Text of a cookie. */
  seal(flow: SignInFlow): string {
    const content = { ...flow, expires: this.#now() + FLOW_SECONDS * 1000 };
    const text = Buffer.from(JSON.stringify(content)).toString('base64url');
    return `${text}.${this.#mac(text)}`;
  }

  /** @throws AppError OIDC_SIGN_IN_INVALID for a text that is missing, forged or expired. */
  open(sealed: string | null): SignInFlow {
    const [text = '', mac = ''] = (sealed ?? '').split('.');
    if (sealed === null || sealed.length > MAX_SEALED_LENGTH) throw withoutCookie();
    const [given, expected] = [Buffer.from(mac), Buffer.from(this.#mac(text))];
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw withoutCookie();
    // Only this server has signed it.
    const content = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
    if (Number(content.expires) < this.#now()) throw withoutCookie();
    const [state, nonce, codeVerifier, returnTo] = FIELDS.map((name) => String(content[name]));
    return { state, nonce, codeVerifier, returnTo };
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#key).update(PURPOSE).update(text).digest('base64url');
  }
}
