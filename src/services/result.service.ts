import type { Job } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { resultFilesOf, type JobResult, type ResultFile } from '../domain/result.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import { findVisibleJob, type JobViewer } from './job.service.js';

/** A COMPLETED job with its result. */
export interface FinishedJob {
  readonly job: Job;
  readonly result: JobResult;
}

/** Byte range of a ZIP; first and last are inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One file of a result, with a method to read it. */
export type ReadableResultFile = Pick<ResultFile, 'name' | 'type' | 'bytes' | 'sha256'> & {
  read(range?: ByteRange): AsyncIterable<Buffer>;
};

/** Serves the results of COMPLETED jobs to users who may see the job. */
export class ResultService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /**
   * The JSON result and the metadata of its ZIP.
   * @throws AppError NOT_FOUND, or RESULT_NOT_READY (conflict) with the job's status in its details.
   */
  async find(jobId: string, viewer: JobViewer): Promise<FinishedJob> {
    const job = await findVisibleJob(this.#unitOfWork.read, jobId, viewer);
    const result = await this.#unitOfWork.read.results.find(jobId);
    if (job.status !== 'COMPLETED' || !result) throw notReady(job);
    return { job, result };
  }

  /** Checks that a job has a result, without reading its JSON document. @throws AppError as {@link find} */
  async require(jobId: string, viewer: JobViewer): Promise<void> {
    const job = await findVisibleJob(this.#unitOfWork.read, jobId, viewer);
    if (job.status !== 'COMPLETED' || !(await this.#unitOfWork.read.results.exists(jobId)))
      throw notReady(job);
  }

  /** One file from the ZIP of a result returned by {@link find}. @throws AppError NOT_FOUND. */
  file(finished: FinishedJob, filename: string): ReadableResultFile {
    const file = resultFilesOf(finished.result).find(({ name }) => name === filename);
    if (!file) throw notFound('Result file', filename);
    const { name, type, bytes, sha256, offset } = file;
    return {
      name,
      type,
      bytes,
      sha256,
      read: ({ start, end } = { start: 0, end: bytes - 1 }) =>
        this.zip(finished, { start: offset + start, end: offset + end }),
    };
  }

  /** Streams the ZIP of a result returned by {@link find}, in constant memory. */
  zip({ result }: FinishedJob, range?: ByteRange): AsyncIterable<Buffer> {
    return this.#unitOfWork.read.results.readZip(result.jobId, range);
  }
}

function notReady({ id, status, failure, resultGoneAt }: Job): AppError {
  if (resultGoneAt) {
    return new AppError('RESULT_GONE', {
      message: `The result of job ${id} is gone since ${resultGoneAt.toISOString()}: it was deleted, or its time has passed.`,
      details: { goneAt: resultGoneAt.toISOString() },
    });
  }
  const why = failure ? `: ${failure.message}` : '.';
  const message =
    status === 'FAILED' || status === 'ABORTED'
      ? `Job ${id} is ${status} and has no result${why}`
      : `Job ${id} is ${status}; its result is available once it is COMPLETED.`;
  return new AppError('RESULT_NOT_READY', { message, details: { status, failure } });
}
