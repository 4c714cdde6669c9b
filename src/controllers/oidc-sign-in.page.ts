import { OIDC_PATH, OIDC_START_PATH, SIGN_IN_PAGE_PATH, SIGN_IN_SCRIPT_PATH } from '../domain/api-paths.js';
import { FORM_STYLE } from './admin-session.page.js';
import { escapeHtml } from './browser-pages.js';

const STYLE = `${FORM_STYLE}
  textarea { box-sizing: border-box; width: 100%; height: 6rem; padding: .6rem; border: 1px solid #35445a; border-radius: 6px; background: #10151c; color: inherit; font: .75rem/1.4 ui-monospace, monospace; resize: vertical }
  [hidden] { display: none !important }
  p { overflow-wrap: anywhere }
  p[role=status] { color: #8fd6a5 }`;

/** Content of the page. */
interface SignInPage {
  readonly buttonName: string;
  /** Why the last sign-in failed. */
  readonly problem?: string;
}

/** The page of the sign-in by OpenID Connect: its button, the link to an existing account, and the tokens. */
export function oidcSignInPage({ buttonName, problem }: SignInPage): string {
  const alert = problem === undefined ? '' : escapeHtml(problem);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>InferNode: sign in</title><style>${STYLE}</style></head>
<body><main><h1>InferNode</h1><p role="alert" id="problem"${alert === '' ? ' hidden' : ''}>${alert}</p>
<section id="start"><a class="button" id="start-link" href="${OIDC_START_PATH}">${escapeHtml(buttonName)}</a></section>
<form id="link" hidden><p>There is an account with this e-mail address. Enter its password once to link it.</p>
<label for="password">Password of the account</label><input id="password" type="password" autocomplete="current-password" required>
<button>Link the account</button></form>
<section id="signed-in" hidden><p role="status">Signed in as <b id="email"></b>.</p>
<label for="token">Access token</label><textarea id="token" readonly></textarea>
<button type="button" id="copy">Copy the access token</button><a class="button" id="continue" hidden>Continue</a>
<button type="button" id="sign-out">Sign out</button></section>
</main><script src="${SIGN_IN_SCRIPT_PATH}"></script></body></html>
`;
}

/** The script of the page. It keeps tokens in memory only, and removes the code from the address at once. */
export const SIGN_IN_SCRIPT = `'use strict';
const part = (id) => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, '', location.pathname);

function showProblem(text) {
  part('problem').textContent = text;
  part('problem').hidden = false;
}

async function call(path, { token, ...options }) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: 'Bearer ' + token }) };
  const response = await fetch(path, { ...options, headers });
  const body = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

async function showTokens({ token }) {
  const { data } = await call('/api/users/profile', { token });
  part('email').textContent = data.email;
  part('token').value = token;
  const returnTo = given.get('return-to');
  if (returnTo && returnTo !== '${SIGN_IN_PAGE_PATH}') {
    part('continue').href = '${OIDC_START_PATH}?returnTo=' + encodeURIComponent(returnTo);
    part('continue').hidden = false;
  }
  for (const id of ['start', 'link', 'problem']) part(id).hidden = true;
  part('signed-in').hidden = false;
  part('copy').onclick = () => navigator.clipboard.writeText(token);
  part('sign-out').onclick = () =>
    call('/api/auth/logout', { method: 'POST', token })
      .then(() => location.assign('${OIDC_PATH}/logout'))
      .catch((error) => showProblem(error.message));
}

const exchange = (path, body) =>
  call('${OIDC_PATH}/' + path, { method: 'POST', body: JSON.stringify(body) }).then(showTokens);

const linkCode = given.get('link-code');
const signInCode = given.get('sign-in-code');
if (signInCode) exchange('token', { code: signInCode }).catch((error) => showProblem(error.message));
if (linkCode) {
  part('start').hidden = true;
  part('link').hidden = false;
  part('link').onsubmit = (event) => {
    event.preventDefault();
    exchange('link', { code: linkCode, password: part('password').value }).catch((error) => showProblem(error.message));
  };
}
`;
