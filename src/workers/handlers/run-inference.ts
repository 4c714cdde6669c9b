import type { RecordingStore } from '../../domain/servo-recording.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { DatasetRepository } from '../../domain/repositories/dataset.repository.js';
import { isRetryable, messageOf } from '../../errors/app-error.js';
import { withLogContext } from '../../logging/log-context.js';
import type { Logger } from '../../logging/logger.js';
import { planOf } from '../../services/job-planner.js';
import type { ClaimedJob, JobRecorder } from '../../services/job-recorder.service.js';
import type { TaskResult } from '../../tasks/definition.js';
import { ActiveAttempt, type ActiveAttempts } from '../active-attempt.js';
import type { JobEnginePool } from '../../engines/job-engine/job-engine-pool.js';
import type { RunRequest } from '../../engines/job-engine/protocol.js';
import type { HandledMessage, JobOutcome } from '../job-outcome.js';
import { borrowMedia } from '../media-paths.js';
import { retryWithBackoff } from '../retry.js';
import { openFromWorkspace, type Workspaces } from '../workspaces.js';

/** Dependencies of {@link RunInferenceHandler}. */
export interface RunInferenceDeps {
  readonly recorder: JobRecorder;
  readonly engines: Pick<JobEnginePool, 'run'>;
  readonly starts: ActiveAttempts;
  readonly datasets: Pick<DatasetRepository, 'findMedia'>;
  readonly blobs: Pick<BlobStore, 'borrow'>;
  readonly recordings: Pick<RecordingStore, 'borrow'>;
  readonly workspaces: Workspaces;
  readonly log: Logger;
  readonly settings: InferenceSettings;
}

/** Limits of an attempt and settings passed to every engine. */
export interface InferenceSettings {
  readonly leaseMs: number;
  readonly jobTimeoutMs: number;
  readonly engine: Pick<
    RunRequest,
    'modelsDirectory' | 'labelsDirectory' | 'ffmpeg' | 'power' | 'threads' | 'modelTimeoutMs' | 'jpegDecoder'
  >;
}

/** How long recording a finished result is retried while the database is unavailable. */
const RECORD_RETRY_MS = 60_000;

/**
 * Runs one inference job: claim, compute, record, clean up. The database chooses the job; a queue message
 * says only that one is waiting.
 */
export class RunInferenceHandler {
  readonly #deps: RunInferenceDeps;

  constructor(deps: RunInferenceDeps) {
    this.#deps = deps;
  }

  async handle(): Promise<HandledMessage> {
    const claim = await this.#deps.recorder.claim();
    if (!claim) return { kind: 'skipped' };
    const { id: jobId, userId } = claim.job;
    return withLogContext({ jobId }, async () => {
      const outcome = await this.#attempt(claim);
      await this.#wakeNextOf(userId);
      return { ...outcome, jobId };
    });
  }

  async #attempt(claim: ClaimedJob): Promise<JobOutcome> {
    const { starts, settings } = this.#deps;
    const start = new ActiveAttempt(claim, { ...this.#deps, leaseMs: settings.leaseMs });
    starts.add(start);
    try {
      return await this.#run(start);
    } catch (error) {
      await start.settle();
      return await this.#leave(start, error);
    } finally {
      starts.delete(start);
    }
  }

  async #wakeNextOf(userId: string): Promise<void> {
    try {
      await this.#deps.recorder.wakeNextOf(userId);
    } catch (error) {
      this.#deps.log.debug('The next job of the user waits for the reconciler.', { err: error });
    }
  }

  async #run(start: ActiveAttempt): Promise<JobOutcome> {
    const workspace = await this.#deps.workspaces.create(start.claim);
    try {
      const result = await this.#work(start, workspace);
      await start.settle();
      return await this.#record(start.claim, result, workspace);
    } finally {
      await this.#deps.workspaces.remove(workspace);
    }
  }

  async #work(start: ActiveAttempt, workspace: string): Promise<TaskResult> {
    const { datasets, blobs, recordings, engines, settings } = this.#deps;
    const { id, task, params, ...row } = start.claim.job;
    const plan = planOf({ id, plan: row.plan });
    // The files stay where they are until the engine has ended.
    await using media = await borrowMedia(plan.media, { datasets, blobs });
    await using recording = plan.recording === undefined ? null : await recordings.borrow(plan.recording);
    const request: RunRequest = {
      type: 'run',
      jobId: id,
      task,
      params,
      plan: { input: { ...plan.input }, media: { ...plan.media } },
      mediaPaths: {
        ...media.paths,
        ...(recording && { recording: recording.path }),
      },
      workspace,
      ...settings.engine,
    };
    return await engines.run(request, {
      signal: start.signal,
      timeoutMs: settings.jobTimeoutMs,
      onProgress: (progress) => start.report(progress),
    });
  }

  async #record(claim: ClaimedJob, result: TaskResult, workspace: string): Promise<JobOutcome> {
    const openZip = await openFromWorkspace(workspace, result.zipPath);
    const recorded = await retryWithBackoff(
      () => this.#deps.recorder.complete(claim, result, openZip),
      RECORD_RETRY_MS,
    );
    return recorded ? { kind: 'completed' } : { kind: 'stopped', reason: 'fence-lost' };
  }

  async #leave(start: ActiveAttempt, error: unknown): Promise<JobOutcome> {
    const { recorder, log } = this.#deps;
    const reason = start.stopped;
    if (reason === 'shutdown') {
      const ours = await recorder.requeue(start.claim);
      return ours ? { kind: 'requeued' } : { kind: 'stopped', reason: 'fence-lost' };
    }
    if (reason) return { kind: 'stopped', reason };
    log.warn('Attempt failed.', {
      err: error,
      attempt: start.claim.job.attempt,
      retryable: isRetryable(error),
    });
    const left = await retryWithBackoff(() => recorder.recordFailure(start.claim, error), RECORD_RETRY_MS);
    if (left === 'fence-lost') return { kind: 'stopped', reason: left };
    return { kind: left, message: messageOf(error) };
  }
}
