import type { Job } from '../domain/job.js';
import { resultFilesOf, type ResultFile } from '../domain/result.js';
import type { FinishedJob } from '../services/result.service.js';
import { zipResultPath } from './job.presenter.js';

/** Turns a path of this API into a link signed for the owner of the job. */
export type SignPath = (path: string) => string;

/** Path of a result file. */
export const resultFilePath = (jobId: string, filename: string): string =>
  `/api/inferences/${jobId}/download/${encodeURIComponent(filename)}`;

/** The model that was requested for a job. */
export function modelIdOf({ params }: Pick<Job, 'params'>): string {
  return typeof params.modelId === 'string' ? params.modelId : 'default_inpainting';
}

/** Time of the last change of a job's status. */
export function updatedAtOf({ createdAt, startedAt, finishedAt }: Job): string {
  return (finishedAt ?? startedAt ?? createdAt).toISOString();
}

/** A result file with the fact that the presenter needs: whether it was made from a source item. */
interface OriginatedFile extends ResultFile {
  readonly source: string;
  readonly number: number;
}

function originated(file: ResultFile): file is OriginatedFile {
  return typeof file.source === 'string' && typeof file.number === 'number';
}

/** The result of a COMPLETED inpainting job: all files with path and link. */
export function presentInpaintingResults({ job, result }: FinishedJob, sign: SignPath) {
  const files = resultFilesOf(result);
  const datasetFolder = `datasets/${String(job.datasetId)}`;
  const link = ({ name }: ResultFile) => ({
    outputPath: `inferences/${job.id}/${name}`,
    downloadUrl: sign(resultFilePath(job.id, name)),
  });
  const made = files.filter(originated);
  // A user's image may have the same name as the comparison sheet, which is the only file without a source.
  const sheet = files.find((file) => !originated(file) && file.name.startsWith('before_after'));
  const { files: _files, ...details } = result.json;
  return {
    inferenceId: job.id,
    status: job.status,
    images: made
      .filter(({ type }) => type.startsWith('image/'))
      .map((file) => ({ originalPath: `${datasetFolder}/${file.source}`, ...link(file) })),
    videos: made
      .filter(({ type }) => type.startsWith('video/'))
      .map((file) => ({ originalVideoId: String(file.number), ...link(file) })),
    zipUrl: sign(zipResultPath(job.id)),
    sheetUrl: sheet ? sign(resultFilePath(job.id, sheet.name)) : null,
    details,
  };
}
