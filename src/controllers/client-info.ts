import type { Request } from 'express';
import type { ClientInfo } from '../domain/user-session.js';

/** The client of a request, as its session shows it. */
export const clientOf = (request: Request): ClientInfo => ({
  address: request.ip ?? 'unknown',
  userAgent: request.get('user-agent') ?? null,
});
