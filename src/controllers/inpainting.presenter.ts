import type { Job } from '../domain/job.js';
import { resultFilesOf, type ResultFile } from '../domain/result.js';
import type { FinishedJob } from '../services/result.service.js';
import { zipResultPath } from './job.presenter.js';

/** Link to a path of this API, signed for the owner of the job. */
export type SignPath = (path: string) => string;

/** Path of one result file. */
export const resultFilePath = (jobId: string, filename: string): string =>
  `/api/inferences/${jobId}/download/${encodeURIComponent(filename)}`;

/** The model that a job was asked to use. */
export function modelIdOf({ params }: Pick<Job, 'params'>): string {
  return typeof params.modelId === 'string' ? params.modelId : 'default_inpainting';
}

/** When the row of a job last changed in a way that its owner sees. */
export function updatedAtOf({ createdAt, startedAt, finishedAt }: Job): string {
  return (finishedAt ?? startedAt ?? createdAt).toISOString();
}

/** What a presenter needs to know of a file: it was made of this source. */
interface OriginatedFile extends ResultFile {
  readonly source: string;
  readonly number: number;
}

function originated(file: ResultFile): file is OriginatedFile {
  return typeof file.source === 'string' && typeof file.number === 'number';
}

/** The result of a COMPLETED inpainting job: every file with its path and link. */
export function presentInpaintingResults({ job, result }: FinishedJob, sign: SignPath) {
  const files = resultFilesOf(result);
  const datasetFolder = `datasets/${job.datasetId}`;
  const link = ({ name }: ResultFile) => ({
    outputPath: `inferences/${job.id}/${name}`,
    downloadUrl: sign(resultFilePath(job.id, name)),
  });
  const made = files.filter(originated);
  // A user's own image may have the name of the sheet, which has no source.
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
