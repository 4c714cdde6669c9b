import type { Owner } from '../domain/listing.js';

/** Columns of `users u` that listings show about a row's owner. */
export const OWNER_COLUMNS = `u.email AS "ownerEmail", u.name AS "ownerName", u.surname AS "ownerSurname",
  u.role AS "ownerRole", u.deleted_at IS NOT NULL AS "ownerDeleted"`;

/** Columns selected by {@link OWNER_COLUMNS}. */
export interface OwnerColumns {
  readonly ownerEmail: string;
  readonly ownerName: string | null;
  readonly ownerSurname: string | null;
  readonly ownerRole: Owner['role'];
  readonly ownerDeleted: boolean;
}

/** The owner in a row selected with {@link OWNER_COLUMNS}. */
export function ownerOf(id: string, row: OwnerColumns): Owner {
  return {
    id,
    email: row.ownerEmail,
    name: row.ownerName,
    surname: row.ownerSurname,
    role: row.ownerRole,
    deleted: row.ownerDeleted,
  };
}
