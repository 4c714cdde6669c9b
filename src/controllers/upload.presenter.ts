import type { Media } from '../domain/dataset.js';
import type { IncomingUpload } from '../domain/incoming-upload.js';
import { toCredits } from '../domain/money.js';
import type { UploadOutcome } from '../services/upload.service.js';
import { presentDataset, presentImage } from './dataset.presenter.js';

const presentVideo = ({ id, name, frameCount, sha256 }: Media) => ({
  id,
  name,
  frame_count: frameCount,
  sha256,
});

/** Response fields common to videos and images. */
function presentAdded(what: string, { items, cost, files, warnings }: UploadOutcome) {
  return {
    message: `${what} added`,
    id: items[0].source.id,
    costDeducted: toCredits(cost),
    ...(files.length > 0 && { files }),
    warnings,
  };
}

/** Videos added by an upload. */
export const presentVideos = (name: string, outcome: UploadOutcome) => ({
  ...presentAdded(`${name} - video`, outcome),
  videos: outcome.items.map(({ source }) => presentVideo(source)),
});

/** Images added by an upload. */
export const presentImages = (name: string, outcome: UploadOutcome) => ({
  ...presentAdded(`${name} - image`, outcome),
  images: outcome.items.map(({ source }) => presentImage(source)),
});

/** Pairs added by an upload. */
export function presentPairs({ items, cost, balance, files, warnings }: UploadOutcome) {
  return {
    success: true,
    message: 'Data uploaded and processed successfully',
    processedItems: items.reduce((sum, { sampledFrames }) => sum + sampledFrames, 0),
    tokenSpent: toCredits(cost),
    userTokens: toCredits(balance),
    tokenUsage: {
      tokensSpent: toCredits(cost),
      remainingBalance: toCredits(balance),
      operationType: 'dataset_upload',
    },
    files,
    warnings,
  };
}

/** Warnings of an archive that are shown; its files may have thousands. */
const MAX_SHOWN_WARNINGS = 100;

/** What the archive of a dataset added. */
export function presentArchive({ dataset, items, cost, balance, warnings }: UploadOutcome) {
  const media = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  return {
    message: 'Dataset imported successfully',
    dataset: presentDataset(dataset),
    items: items.length,
    files: media.length,
    bytes: media.reduce((sum, { bytes }) => sum + bytes, 0),
    costDeducted: toCredits(cost),
    balance: toCredits(balance),
    warnings: warnings.slice(0, MAX_SHOWN_WARNINGS),
  };
}

/** What an upload in several requests stored, as for an upload in one request. */
export function presentStored({ kind, name }: IncomingUpload, outcome: UploadOutcome): unknown {
  if (kind === 'pairs') return presentPairs(outcome);
  if (kind === 'dataset') return presentArchive(outcome);
  return kind === 'images' ? presentImages(name, outcome) : presentVideos(name, outcome);
}

/** An upload in several requests. */
export const presentUpload = (upload: IncomingUpload) => ({
  uploadId: upload.id,
  protocol: upload.protocol,
  state: upload.state,
  datasetId: upload.datasetId,
  kind: upload.kind,
  role: upload.role,
  sourceUploadId: upload.sourceId,
  name: upload.name,
  extension: upload.extension,
  size: upload.bytes,
  partSize: upload.partBytes,
  partCount: upload.partCount,
  quote: upload.quote,
  createdAt: upload.createdAt.toISOString(),
  expiresAt: upload.expiresAt.toISOString(),
  finishedAt: upload.finishedAt?.toISOString() ?? null,
  problem: upload.problem,
  result: upload.result,
});
