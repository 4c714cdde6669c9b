import { isUnfinishedFile, type ClaimedImport, type ImportFile } from '../domain/import.js';
import type { ImportWithFiles } from '../domain/repositories/import.repository.js';
import type { UploadOutcome } from '../services/upload.service.js';
import { presentImages, presentPairs, presentVideos } from './upload.presenter.js';

/** What a file of an import stored, as for an upload in one request. */
export function presentImported({ file, batch }: ClaimedImport, outcome: UploadOutcome): unknown {
  if (batch.kind === 'pairs') return presentPairs(outcome);
  return batch.kind === 'images' ? presentImages(file.name, outcome) : presentVideos(file.name, outcome);
}

const presentFile = (file: ImportFile) => ({
  fileId: file.id,
  name: file.name,
  url: file.url,
  maskUrl: file.maskUrl,
  state: file.state,
  attempt: file.attempt,
  bytes: file.bytes,
  totalBytes: file.totalBytes,
  problem: file.problem,
  result: file.result,
  finishedAt: file.finishedAt?.toISOString() ?? null,
});

/** An import with its files. */
export const presentImport = ({ id, datasetId, kind, createdAt, files }: ImportWithFiles) => ({
  importId: id,
  datasetId,
  kind,
  state: files.some(isUnfinishedFile) ? 'running' : 'completed',
  createdAt: createdAt.toISOString(),
  files: files.map(presentFile),
});
