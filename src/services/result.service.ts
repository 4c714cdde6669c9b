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

/** Bytes of a ZIP, first and last inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One file of a result with a way to read it. */
export type ReadableResultFile = Pick<ResultFile, 'name' | 'type' | 'bytes' | 'sha256'> & {
  read(range?: ByteRange): AsyncIterable<Buffer>;
};

/** Hands out the results of COMPLETED jobs to those who may see the job. */
export class ResultService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /**
   * The JSON result and the facts of the ZIP.
   * @throws AppError NOT_FOUND, or RESULT_NOT_READY (conflict) with the job's status in details.
   */
  async find(jobId: string, viewer: JobViewer): Promise<FinishedJob> {
    const job = await findVisibleJob(this.#unitOfWork.read, jobId, viewer);
    const result = await this.#unitOfWork.read.results.find(jobId);
    if (job.status !== 'COMPLETED' || !result) throw notReady(job);
    return { job, result };
  }

  /** One file of a result that {@link find} gave, read out of its ZIP. @throws AppError NOT_FOUND. */
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

  /** Streams the ZIP of a result that {@link find} gave; memory does not grow with its size. */
  zip({ result }: FinishedJob, range?: ByteRange): AsyncIterable<Buffer> {
    return this.#unitOfWork.read.results.readZip(result.jobId, range);
  }
}

function notReady({ id, status, failure }: Job): AppError {
  const why = failure ? `: ${failure.message}` : '.';
  const message =
    status === 'FAILED' || status === 'ABORTED'
      ? `Job ${id} is ${status} and has no result${why}`
      : `Job ${id} is ${status}; its result is there once it is COMPLETED.`;
  return new AppError('RESULT_NOT_READY', { message, details: { status, failure } });
}
