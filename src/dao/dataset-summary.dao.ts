import {
  DATASET_CONTENTS,
  type Counted,
  type DatasetContent,
  type DatasetFilter,
  type DatasetSummary,
  type DatasetTotals,
  type Slice,
} from '../domain/listing.js';
import { Dao } from './dao.js';
import { OWNER_COLUMNS, ownerOf, type OwnerColumns } from './owner-columns.js';

interface SummaryRow extends OwnerColumns {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly tags: string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
  readonly nextUploadIndex: number;
  readonly images: number;
  readonly videos: number;
  readonly videoFrames: number;
  readonly maskedImages: number;
  readonly maskedVideos: number;
  readonly maskedVideoFrames: number;
  readonly content: DatasetContent;
}

/**
 * Item counts per dataset, for all datasets or those selected by a subquery. The kind of an item is that of
 * its source; content kinds match `contentOf`.
 */
const counted = (datasets = 'datasets'): string => `
  SELECT d.*, c.images, c.videos, c.video_frames, c.masked_images, c.masked_videos, c.masked_video_frames,
         CASE WHEN c.images + c.videos = 0 THEN 'empty' WHEN c.images > 0 AND c.videos > 0 THEN 'mixed'
              WHEN c.videos = 0 THEN CASE WHEN c.masked_images > 0 THEN 'image-mask' ELSE 'image' END
              WHEN c.masked_videos > 0 THEN 'video-mask' ELSE 'video' END AS content
    FROM ${datasets} d
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE m.kind = 'image')::int AS images,
             count(*) FILTER (WHERE m.kind = 'video')::int AS videos,
             COALESCE(sum(i.sampled_frames) FILTER (WHERE m.kind = 'video'), 0)::int AS video_frames,
             count(k.id) FILTER (WHERE m.kind = 'image')::int AS masked_images,
             count(k.id) FILTER (WHERE m.kind = 'video')::int AS masked_videos,
             COALESCE(sum(i.sampled_frames) FILTER (WHERE m.kind = 'video' AND k.id IS NOT NULL), 0)::int
               AS masked_video_frames
        FROM dataset_items i
        JOIN media m ON m.id = i.source_media_id AND m.deleted_at IS NULL
        LEFT JOIN media k ON k.id = i.mask_media_id AND k.deleted_at IS NULL
       WHERE i.dataset_id = d.id
    ) c`;

/** Sums of the counts of {@link counted} over the rows `s` of a query. */
const SUMS = `COALESCE(sum(s.images), 0)::int AS images, COALESCE(sum(s.videos), 0)::int AS videos,
  COALESCE(sum(s.video_frames), 0)::int AS "videoFrames", COALESCE(sum(s.masked_images), 0)::int AS "maskedImages",
  COALESCE(sum(s.masked_videos), 0)::int AS "maskedVideos",
  COALESCE(sum(s.masked_video_frames), 0)::int AS "maskedVideoFrames"`;

const BY_CONTENT = DATASET_CONTENTS.map(
  (content) => `(count(*) FILTER (WHERE s.content = '${content}'))::int AS "${content}"`,
).join(', ');

/** SQL conditions of a filter over the rows of {@link counted}, and their parameters. */
function conditionsOf(filter: DatasetFilter): { where: string; bind: Record<string, unknown> } {
  const { userId, nameContains, content, tags = [], match = 'any', includeDeleted = false } = filter;
  const parts = ['TRUE'];
  const bind: Record<string, unknown> = {};
  const add = (condition: string, name: string, value: unknown) => {
    parts.push(condition);
    bind[name] = value;
  };
  if (userId !== undefined) add('s.user_id = $userId', 'userId', userId);
  if (nameContains !== undefined) add('strpos(lower(s.name), lower($name)) > 0', 'name', nameContains);
  if (content !== undefined) add('s.content = $content', 'content', content);
  if (tags.length > 0) add(`s.tags ${match === 'all' ? '@>' : '&&'} $tags::text[]`, 'tags', [...tags]);
  if (!includeDeleted) parts.push('s.deleted_at IS NULL');
  return { where: parts.join(' AND '), bind };
}

function toSummary(row: SummaryRow): DatasetSummary {
  const { id, userId, name, tags, createdAt, updatedAt, deletedAt, nextUploadIndex } = row;
  return {
    dataset: { id, userId, name, tags, createdAt, updatedAt, deletedAt, nextUploadIndex },
    images: row.images,
    videos: row.videos,
    videoFrames: row.videoFrames,
    maskedImages: row.maskedImages,
    maskedVideos: row.maskedVideos,
    maskedVideoFrames: row.maskedVideoFrames,
    content: row.content,
    owner: ownerOf(userId, row),
  };
}

/** Datasets with item counts: reads that join several tables, only for listings. */
export class DatasetSummaryDao extends Dao {
  /** Newest first. */
  async page(filter: DatasetFilter, { offset, limit }: Slice): Promise<Counted<DatasetSummary>> {
    const { where, bind } = conditionsOf(filter);
    const order = 'ORDER BY s.created_at DESC, s.id DESC';
    const slice = `${order} LIMIT $limit OFFSET $offset`;
    // Counting reads all items of a dataset, so it is done only for the datasets of the page, unless the
    // filter depends on the counts.
    const [picked, rest] =
      filter.content === undefined
        ? [counted(`(SELECT s.* FROM datasets s WHERE ${where} ${slice})`), order]
        : [counted(), `WHERE ${where} ${slice}`];
    const rows = await this.rows<SummaryRow>(
      `SELECT s.id, s.user_id AS "userId", s.name, s.tags, s.created_at AS "createdAt", s.updated_at AS "updatedAt",
              s.deleted_at AS "deletedAt", s.next_upload_index AS "nextUploadIndex", s.images, s.videos,
              s.video_frames AS "videoFrames", s.masked_images AS "maskedImages", s.masked_videos AS "maskedVideos",
              s.masked_video_frames AS "maskedVideoFrames", s.content, ${OWNER_COLUMNS}
         FROM (${picked}) s JOIN users u ON u.id = s.user_id ${rest}`,
      { ...bind, limit, offset },
    );
    const matching = filter.content === undefined ? 'datasets' : `(${counted()})`;
    const [{ total }] = await this.rows<{ total: number }>(
      `SELECT count(*)::int AS total FROM ${matching} s WHERE ${where}`,
      bind,
    );
    return { rows: rows.map(toSummary), total };
  }

  async totals(filter: DatasetFilter): Promise<DatasetTotals> {
    const { where, bind } = conditionsOf(filter);
    const [totals] = await this.rows<Omit<DatasetTotals, 'byContent'> & Record<DatasetContent, number>>(
      `SELECT count(*)::int AS datasets, (count(*) FILTER (WHERE u.deleted_at IS NOT NULL))::int AS orphaned,
              ${SUMS}, ${BY_CONTENT}
         FROM (${counted()}) s JOIN users u ON u.id = s.user_id WHERE ${where}`,
      bind,
    );
    const { datasets, orphaned, images, videos, videoFrames, ...rest } = totals;
    const { maskedImages, maskedVideos, maskedVideoFrames, ...byContent } = rest;
    const masked = { maskedImages, maskedVideos, maskedVideoFrames };
    return { datasets, orphaned, images, videos, videoFrames, ...masked, byContent };
  }
}
