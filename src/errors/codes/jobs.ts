import type { ErrorMeaning } from '../error-kind.js';

/** Codes of creating jobs, of jobs that have failed, and of results. A failed job costs nothing. */
export const JOB_CODES = {
  NO_VIDEOS: { kind: 'invalid', title: 'No videos', hint: 'Choose a dataset with videos.' },
  NO_IMAGES: { kind: 'invalid', title: 'No images', hint: 'Choose a dataset with images.' },
  NO_ITEMS: {
    kind: 'invalid',
    title: 'No images or videos',
    hint: 'Choose a dataset with images or videos.',
  },
  NO_MASKED_ITEMS: {
    kind: 'invalid',
    title: 'No masked items',
    hint: 'Choose a dataset that contains files with masks.',
  },
  NOTHING_TO_DO: {
    kind: 'invalid',
    title: 'Nothing to do',
    hint: 'Choose a range that contains items of the dataset.',
  },
  BAD_RANGE: {
    kind: 'invalid',
    title: 'Invalid range',
    hint: 'Send `all`, or a range within the dataset such as `0-3`.',
  },
  FRAME_OUT_OF_RANGE: {
    kind: 'invalid',
    title: 'Frame out of range',
    hint: 'Choose a frame within the video.',
  },
  FORMAT_WITHOUT_MEDIA: {
    kind: 'invalid',
    title: 'Format without media',
    hint: 'Choose an output format for a kind of file that the dataset contains.',
  },
  INTRINSICS_AMBIGUOUS: {
    kind: 'invalid',
    title: 'Ambiguous intrinsics',
    hint: 'Start one job for each video size, or omit the intrinsics.',
  },
  INTRINSICS_IMPLAUSIBLE: {
    kind: 'invalid',
    title: 'Implausible intrinsics',
    hint: 'Send the camera matrix in pixels of the video, in row-major order.',
  },
  TOO_MANY_WAITING_JOBS: {
    kind: 'rate_limited',
    title: 'Too many waiting jobs',
    hint: 'The `waiting` and `added` jobs together exceed `limit`; nothing was created or held. Wait for jobs to finish, or cancel some.',
  },
  JOB_FINISHED: { kind: 'conflict', title: 'Job finished', hint: 'A finished job cannot be changed.' },
  JOB_NOT_FINISHED: {
    kind: 'conflict',
    title: 'Job not finished',
    hint: 'Cancel the job, or wait until it has ended.',
  },
  RESULT_GONE: {
    kind: 'gone',
    title: 'Result gone',
    hint: 'The result was deleted, or its time has passed: restore it from the trash, or run the job again.',
  },
  JOB_NOT_WAITING: {
    kind: 'conflict',
    title: 'Job is not waiting',
    hint: 'Only the place of a waiting job in the queue can be changed.',
  },
  TASK_PAUSED: {
    kind: 'unavailable',
    title: 'Task paused',
    hint: 'An admin has paused the task for new jobs: send the request again later.',
  },
  JOB_NOT_RETRYABLE: {
    kind: 'conflict',
    title: 'Job cannot be retried',
    hint: 'Only failed and cancelled jobs can be retried: start a new one.',
  },
  LEDGER_ROW_EXISTS: {
    kind: 'conflict',
    title: 'Ledger row exists',
    hint: 'The hold, charge or refund of the job is recorded already: read the job again.',
  },
  RESULT_NOT_READY: {
    kind: 'conflict',
    title: 'Result not ready',
    hint: 'Wait until the job is `COMPLETED`.',
  },
  MEDIA_CHANGED: {
    kind: 'invalid',
    title: 'Stored file changed',
    hint: 'Upload the file again: it has changed since it was stored.',
  },
  FRAMES_MISSING: {
    kind: 'invalid',
    title: 'Frames missing',
    hint: 'Upload the video again: requested frames cannot be decoded.',
  },
  FRAME_RANGE: {
    kind: 'invalid',
    title: 'Frame range not in video',
    hint: 'Choose frames within the video.',
  },
  GOAL_TOO_FEW_POINTS: {
    kind: 'invalid',
    title: 'Goal frame too plain',
    hint: 'Choose a goal frame with more texture, or another detector.',
  },
  IMAGE_SIZE_MISMATCH: {
    kind: 'invalid',
    title: 'Image size mismatch',
    hint: 'The number of bytes of an image does not match its size: upload the file again.',
  },
  NOTHING_PROCESSED: {
    kind: 'invalid',
    title: 'Nothing processed',
    hint: 'The message states why no image of the dataset could be processed.',
  },
  NOTHING_CLASSIFIED: {
    kind: 'invalid',
    title: 'Nothing classified',
    hint: 'The message states why no image of the dataset could be classified.',
  },
  NOTHING_FILLED: {
    kind: 'invalid',
    title: 'Nothing filled',
    hint: 'The message states why no item of the dataset could be filled.',
  },
  INPAINTING_TIMEOUT: {
    kind: 'too_large',
    title: 'Inpainting network too slow',
    hint: 'The network named by `modelId` did not load or respond within `INPAINTING_MODEL_TIMEOUT`: use a smaller network or smaller images.',
  },
  JOB_TIMEOUT: {
    kind: 'too_large',
    title: 'Job timeout',
    hint: 'The job exceeded `JOB_TIMEOUT`: start it with a smaller range.',
  },
  JOB_MEMORY_LIMIT: {
    kind: 'too_large',
    title: 'Job needs too much memory',
    hint: 'The job exceeded the memory limit per job: use smaller files.',
  },
  RESULT_TOO_LARGE: {
    kind: 'too_large',
    title: 'Result too large',
    hint: 'Start the job with a smaller range.',
  },
  ENGINE_STALLED: {
    kind: 'timeout',
    title: 'Engine stalled',
    hint: 'The process of the job sent no heartbeat in time and was killed; the job was retried.',
  },
  STOPPED: {
    kind: 'unavailable',
    title: 'Job stopped',
    hint: 'The process was shutting down; the job is retried.',
  },
  WORKER_LOST: {
    kind: 'unavailable',
    title: 'Worker lost',
    hint: 'The worker died during the last attempt of the job: start the job again.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
