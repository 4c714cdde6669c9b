import { PASSWORD_PAGE_PATH } from '../domain/api-paths.js';
import { FORM_STYLE } from './admin-session.page.js';

const PROBLEMS = {
  password: 'Choose a password of 8 to 72 bytes.',
  link: 'This link is not valid, was used or has expired. Ask for another one.',
  busy: 'Too many attempts. Wait a few minutes before you try again.',
} as const;

/** Content of the page. */
interface PasswordPage {
  /** Secret of the link; must contain no character that needs escaping. */
  readonly token?: string;
  readonly problem?: keyof typeof PROBLEMS;
  readonly done?: boolean;
}

/** The page on which a user chooses a password. */
export function passwordPage({ token, problem, done = false }: PasswordPage): string {
  const shown = problem ?? (token === undefined && !done ? 'link' : undefined);
  const notice = shown === undefined ? '' : `<p role="alert">${PROBLEMS[shown]}</p>`;
  const form = `<form method="post" action="${PASSWORD_PAGE_PATH}">
<input type="hidden" name="token" value="${token ?? ''}">
<label for="password">New password</label><input id="password" name="password" type="password" autocomplete="new-password" required autofocus>
<button>Set password</button></form>`;
  const answer = done ? '<p role="status">The password was set. Sign in with it.</p>' : '';
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>InferNode: set password</title><style>${FORM_STYLE}</style></head>
<body><main><h1>InferNode password</h1>${notice}${answer}${token === undefined ? '' : form}</main></body></html>
`;
}
