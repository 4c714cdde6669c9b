import type { MediaFilter, MediaSort } from '../domain/media-list.js';
import { Dao } from './dao.js';

/** Place of a media in an ordered list: its value of the order as PostgreSQL writes it, and its id. */
export interface MediaPlace {
  readonly value: string;
  readonly id: string;
}

/** Expression and type of each order; names are compared without case and by their bytes. */
const ORDERS: Readonly<Record<MediaSort, readonly [expression: string, type: string]>> = {
  createdAt: ['m.created_at', 'timestamptz'],
  name: ['lower(m.name) COLLATE "C"', 'text'],
  bytes: ['m.bytes', 'bigint'],
  duration: ['coalesce(m.duration_seconds, 0)', 'double precision'],
  frames: ['m.frame_count', 'integer'],
};

/** Lists of the media of live datasets. */
export class MediaListDao extends Dao {
  /** The id of a media of this user, if its dataset is live. */
  async isOwned(id: string, userId: string): Promise<boolean> {
    const rows = await this.rows(
      `SELECT m.id FROM media m JOIN datasets d ON d.id = m.dataset_id
        WHERE m.id = $id AND m.user_id = $userId AND d.deleted_at IS NULL AND m.deleted_at IS NULL`,
      { id, userId },
    );
    return rows.length > 0;
  }

  /** Ordered places of the media after `after`. */
  async places(filter: MediaFilter, after: MediaPlace | undefined, limit: number): Promise<MediaPlace[]> {
    const { sort, order, userId, datasetId = null, kind = null, role = null, search = null } = filter;
    const [value, type] = ORDERS[sort];
    const [direction, beyond] = order === 'asc' ? ['ASC', '>'] : ['DESC', '<'];
    return this.rows<MediaPlace>(
      `SELECT m.id, (${value})::text AS value FROM media m JOIN datasets d ON d.id = m.dataset_id
        WHERE m.user_id = $userId AND d.deleted_at IS NULL AND m.deleted_at IS NULL
          AND ($datasetId::uuid IS NULL OR m.dataset_id = $datasetId::uuid)
          AND ($kind::text IS NULL OR m.kind = $kind::text)
          AND ($role::text IS NULL OR m.role = $role::text)
          AND ($search::text IS NULL OR strpos(lower(m.name), lower($search::text)) > 0)
          AND ($afterId::uuid IS NULL OR (${value}, m.id) ${beyond} ($afterValue::${type}, $afterId::uuid))
        ORDER BY ${value} ${direction}, m.id ${direction} LIMIT $limit`,
      {
        ...{ userId, datasetId, kind, role, search, limit },
        afterValue: after?.value ?? null,
        afterId: after?.id ?? null,
      },
    );
  }
}
