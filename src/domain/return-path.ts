import { OIDC_PATH } from './api-paths.js';

export const MAX_RETURN_PATH_LENGTH = 500;
const VISIBLE = /^\/[\x21-\x7e]*$/;
const ORIGIN = 'http://server.invalid';

/**
 * Whether a text is a path of this server with an optional query, as browsers read it: not `//host`, `/\host` or a path
 * with line breaks, and not a route of the sign-in itself.
 */
export function isReturnPath(text: string): boolean {
  if (!VISIBLE.test(text) || /[\\#]/.test(text) || text.startsWith('//')) return false;
  if (!URL.canParse(text, ORIGIN)) return false;
  const { origin, pathname } = new URL(text, ORIGIN);
  return origin === ORIGIN && !pathname.startsWith('//') && !pathname.startsWith(OIDC_PATH);
}
