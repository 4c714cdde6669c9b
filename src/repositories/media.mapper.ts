import type { DatasetItem, Media } from '../domain/dataset.js';
import type { NewMedia } from '../domain/repositories/dataset.repository.js';
import type { DatasetItemWithMediaRow } from '../dao/dataset-item.dao.js';
import type { MediaRow, NewMediaRow } from '../dao/media.dao.js';

/** Maps a row of `media` to the domain; the two columns of the frame rate become one fraction. */
export function toMedia({
  fpsNum,
  fpsDen,
  holeShare,
  nonBinaryShare,
  maskReading,
  holeCircle,
  maskPaint,
  ...row
}: MediaRow): Media {
  return {
    ...row,
    fps: fpsNum === null || fpsDen === null ? null : { num: fpsNum, den: fpsDen },
    hole:
      holeShare === null || nonBinaryShare === null
        ? null
        : {
            share: holeShare,
            nonBinaryShare,
            reading: maskReading ?? 'white',
            circle: holeCircle,
            ...(maskPaint && { paint: maskPaint }),
          },
  };
}

/** Maps a new file of `datasetId` to a row. */
export function toMediaRow({ fps, hole, warnings = [], ...media }: NewMedia, datasetId: string): NewMediaRow {
  return {
    ...media,
    datasetId,
    fpsNum: fps?.num ?? null,
    fpsDen: fps?.den ?? null,
    holeShare: hole?.share ?? null,
    nonBinaryShare: hole?.nonBinaryShare ?? null,
    maskReading: hole?.reading ?? null,
    holeCircle: hole?.circle ?? null,
    maskPaint: hole?.paint ?? null,
    warnings: [...warnings],
  };
}

/** Maps a row of `dataset_items` with its media to the domain. */
export function toDatasetItem({
  id,
  datasetId,
  position,
  uploadIndex,
  sampleFps,
  sampledFrames,
  source,
  mask,
}: DatasetItemWithMediaRow): DatasetItem {
  return {
    id,
    datasetId,
    position,
    uploadIndex,
    sampleFps,
    sampledFrames,
    source: toMedia(source),
    mask: mask && toMedia(mask),
  };
}
