import type { Request } from 'express';
import { MAX_WAIT_SECONDS } from '../domain/limits.js';

/** Header that says which preference was followed (RFC 7240). */
export const APPLIED_HEADER = 'Preference-Applied';

/** Seconds of `Prefer: wait=n` (RFC 7240), at most {@link MAX_WAIT_SECONDS}; 0 without it. */
export function preferredWait(request: Request): number {
  const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(request.get('prefer') ?? '');
  return wait ? Math.min(Number(wait[1]), MAX_WAIT_SECONDS) : 0;
}
