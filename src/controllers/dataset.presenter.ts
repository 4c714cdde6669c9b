import type { Dataset, DatasetItem, Media } from '../domain/dataset.js';

/** A dataset in the shape of its creation and change. */
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

/** A dataset in the shape of the list. */
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
  };
}

/** A dataset with its videos in upload order. */
export function presentDatasetWithVideos(dataset: Dataset, items: readonly DatasetItem[]) {
  const videos = items.map(({ source }) => source).filter((media) => media.kind === 'video');
  return { ...presentDataset(dataset), videos: videos.map(presentVideo) };
}
