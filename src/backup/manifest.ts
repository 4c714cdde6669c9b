import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors/app-error.js';

/** Name of the manifest in the staging folder of a snapshot. */
export const MANIFEST_FILE = 'manifest.json';
/** Name of the staging folder, by which the paths of a snapshot are recognised. */
export const STAGING_NAME = 'infernode-snapshot';

/** Names of the parts of a snapshot, in the order in which they are restored: the database last. */
const PART_NAMES = ['media', 'models', 'keys/private.key', 'keys/public.key', 'database'] as const;
const partName = z.enum(PART_NAMES);

/** Name of a part of a snapshot. */
export type PartName = z.infer<typeof partName>;

/** What a snapshot contains. */
export const manifestSchema = z.object({
  format: z.literal(1),
  /** Version of the product that made it. */
  version: z.string(),
  createdAt: z.iso.datetime(),
  database: z.object({
    /** Files of the embedded cluster with their WAL, or an archive of pg_dump. */
    kind: z.enum(['cluster', 'dump']),
    majorVersion: z.int(),
    name: z.string(),
  }),
  /** Where each part lay on the machine that was backed up, and so lies in the snapshot. */
  parts: z.array(z.object({ name: partName, path: z.string() })),
  /** Ledger rows when the backup began; the snapshot has at least these. */
  ledgerRows: z.int().min(0),
  /** Where the media are that this snapshot does not contain; null when it contains them. */
  externalMedia: z.string().nullable(),
});

/** See {@link manifestSchema}. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Files of a snapshot that a prefix selects. */
export interface Selection {
  readonly part: PartName;
  /** Path in the snapshot. */
  readonly source: string;
  /** Path below the part, '' for the whole part. */
  readonly below: string;
}

/**
 * Brings a prefix into its normal form: segments joined by '/', '' for everything.
 * @throws AppError BACKUP_NOT_FOUND for one that leaves the snapshot
 */
export function normalPrefix(prefix: string): string {
  const segments = prefix.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..') || prefix.includes('\0')) {
    throw new AppError('BACKUP_NOT_FOUND', {
      message: `The prefix "${prefix}" is outside the snapshot: ".." and NUL are not allowed.`,
    });
  }
  return segments.join('/');
}

const isAtOrBelow = (name: string, above: string): boolean =>
  above === '' || name === above || name.startsWith(`${above}/`);

/**
 * The parts of a snapshot that a prefix selects: whole ones, or one file or folder of a part.
 * @param prefix in normal form
 * @throws AppError BACKUP_NOT_FOUND when it selects nothing
 */
export function select({ parts, externalMedia }: Manifest, prefix: string): readonly Selection[] {
  const inOrder = [...parts].sort((a, b) => PART_NAMES.indexOf(a.name) - PART_NAMES.indexOf(b.name));
  const whole = inOrder.filter(({ name }) => isAtOrBelow(name, prefix));
  if (whole.length > 0) return whole.map(({ name, path: source }) => ({ part: name, source, below: '' }));
  const containing = inOrder.find(({ name }) => isAtOrBelow(prefix, name));
  if (containing) {
    const below = prefix.slice(containing.name.length + 1);
    return [{ part: containing.name, source: path.join(containing.path, below), below }];
  }
  const names = parts.map(({ name }) => name).join(', ');
  const elsewhere =
    externalMedia !== null && isAtOrBelow(prefix, 'media') ? ` Its media are in ${externalMedia}.` : '';
  throw new AppError('BACKUP_NOT_FOUND', {
    message: `The snapshot has nothing at "${prefix}"; its parts are ${names}.${elsewhere}`,
    details: { prefix },
  });
}
