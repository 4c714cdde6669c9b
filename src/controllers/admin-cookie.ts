import type { Request, Response } from 'express';
import { ADMIN_PATH } from '../domain/api-paths.js';
import type { User } from '../domain/user.js';
import type { TokenService } from '../services/token.service.js';

/** Cookie of a browser session of an admin. */
export const ADMIN_COOKIE = 'infernode_admin';

/** Opens a browser session of an admin for the queue board. */
export async function setAdminCookie(
  user: User,
  tokens: Pick<TokenService, 'issue' | 'lifetime'>,
  { request, response }: { readonly request: Request; readonly response: Response },
): Promise<void> {
  const token = await tokens.issue(user, { kind: 'adminSession' });
  response.cookie(ADMIN_COOKIE, token, {
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure,
    path: ADMIN_PATH,
    maxAge: tokens.lifetime('adminSession') * 1000,
  });
}
