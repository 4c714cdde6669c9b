import type { Page } from '../domain/repositories/pages.js';
import { validationFailed } from '../errors/common-errors.js';

/** Position in a list that is ordered by age and id. */
export interface PageCursor {
  readonly createdAt: Date;
  readonly id: string;
}

const FORM = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Encodes the cursor of a row as opaque text. */
export function encodeCursor({ createdAt, id }: PageCursor): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/**
 * Decodes a client's cursor.
 * @throws AppError VALIDATION (malformed) for an invalid cursor.
 */
export function decodeCursor(cursor: string): PageCursor {
  const [, time, id] = FORM.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const createdAt = new Date(time ?? Number.NaN);
  if (Number.isNaN(createdAt.getTime())) {
    throw validationFailed([
      { pointer: '/cursor', code: 'INVALID_CURSOR', message: 'must be a cursor that a list returned' },
    ]);
  }
  return { createdAt, id };
}

/** Builds a page from the rows found: more than `limit` rows mean that another page follows. */
export function pageOf<Row extends PageCursor>(found: readonly Row[], limit: number): Page<Row> {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, nextCursor: found.length > limit && last ? encodeCursor(last) : null };
}
