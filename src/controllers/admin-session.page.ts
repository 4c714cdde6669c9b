import { OIDC_START_PATH, QUEUE_BOARD_PATH, SIGN_IN_PATH } from '../domain/api-paths.js';
import { escapeHtml } from './browser-pages.js';

/** Style of pages with a form. */
export const FORM_STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; background: #10151c; color: #e6ebf2; display: grid; place-items: center; min-height: 100vh; margin: 0 }
  main { width: 20rem; padding: 2rem; background: #1a222d; border-radius: 12px }
  h1 { font-size: 1.2rem; margin: 0 0 1rem }
  label { display: block; margin: .75rem 0 .25rem; font-size: .875rem; color: #aab6c5 }
  input { box-sizing: border-box; width: 100%; padding: .6rem; border: 1px solid #35445a; border-radius: 6px; background: #10151c; color: inherit; font: inherit }
  button, a.button { display: block; box-sizing: border-box; text-align: center; text-decoration: none; width: 100%; margin-top: 1.25rem; padding: .65rem; border: 0; border-radius: 6px; background: #3d7eff; color: #fff; font: inherit; cursor: pointer }
  p[role=alert] { margin: 0 0 1rem; color: #ff9a8b }`;

/** Notices of the sign-in page. */
export type SignInNotice = 'none' | 'wrong' | 'busy' | 'disabled' | 'signed-out';

const NOTICES: Readonly<Record<SignInNotice, string>> = {
  none: '',
  wrong: '<p role="alert">E-mail or password is wrong, or the account is no admin.</p>',
  busy: '<p role="alert">Too many attempts. Wait a few minutes before you try again.</p>',
  disabled: '<p role="alert">This account is disabled.</p>',
  'signed-out': '<p role="status">You have signed out.</p>',
};

/** The sign-in page of the queue board. @param oidcButton name of the button for OpenID Connect; null without it */
export function signInPage(notice: SignInNotice, oidcButton: string | null): string {
  const returnTo = encodeURIComponent(QUEUE_BOARD_PATH);
  const link =
    oidcButton === null
      ? ''
      : `<a class="button" href="${OIDC_START_PATH}?returnTo=${returnTo}">${escapeHtml(oidcButton)}</a>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>InferNode: admin sign-in</title><style>${FORM_STYLE}</style></head>
<body><main><h1>InferNode queues</h1>${NOTICES[notice]}
<form method="post" action="${SIGN_IN_PATH}">
<label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button></form>${link}</main></body></html>
`;
}
