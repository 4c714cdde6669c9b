import type { Dataset, DatasetItem, Media } from '../domain/dataset.js';

/** Path of the archive of a dataset, not signed yet. */
export const archivePathOf = (id: string): string => `/api/dataset/${id}/archive`;

/** A dataset as returned after creation and update. */
export function presentDataset(dataset: Dataset) {
  return {
    id: dataset.id,
    user_id: dataset.userId,
    name: dataset.name,
    tags: dataset.tags,
    created_at: dataset.createdAt.toISOString(),
    updated_at: dataset.updatedAt.toISOString(),
  };
}

/** A dataset as an entry of the list. */
export function presentDatasetRow(dataset: Dataset) {
  return {
    id: dataset.id,
    name: dataset.name,
    tags: dataset.tags,
    created_at: dataset.createdAt.toISOString(),
    updated_at: dataset.updatedAt.toISOString(),
    deleted_at: dataset.deletedAt?.toISOString() ?? null,
  };
}

function presentVideo(media: Media) {
  return {
    id: media.id,
    name: media.name,
    frame_count: media.frameCount,
    width: media.width,
    height: media.height,
    fps: media.fps === null ? null : media.fps.num / media.fps.den,
    durationSeconds: media.durationSeconds,
    bytes: media.bytes,
    sha256: media.sha256,
    warnings: media.warnings,
  };
}

/** A stored image; its id is accepted as `media_id` by classification and detection. */
export function presentImage({ id, name, width, height, bytes, sha256, warnings }: Media) {
  return { id, name, width, height, bytes, sha256, warnings };
}

/**
 * A dataset with its videos and its images, both in upload order.
 * @param archiveUrl signed URL of its archive
 */
export function presentDatasetWithMedia(dataset: Dataset, items: readonly DatasetItem[], archiveUrl: string) {
  const media = items.map(({ source }) => source);
  return {
    ...presentDataset(dataset),
    archive_url: archiveUrl,
    videos: media.filter(({ kind }) => kind === 'video').map(presentVideo),
    images: media.filter(({ kind }) => kind === 'image').map(presentImage),
  };
}
