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
    hint: 'Choose a dataset that holds files with masks.',
  },
  NOTHING_TO_DO: {
    kind: 'invalid',
    title: 'Nothing to do',
    hint: 'Choose a range that holds items of the dataset.',
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
    hint: 'Choose an output format for which the dataset has files.',
  },
  INTRINSICS_AMBIGUOUS: {
    kind: 'invalid',
    title: 'Ambiguous intrinsics',
    hint: 'Start one job for each size of video, or leave the intrinsics out.',
  },
  INTRINSICS_IMPLAUSIBLE: {
    kind: 'invalid',
    title: 'Implausible intrinsics',
    hint: 'Send the camera matrix in pixels of the video, row by row.',
  },
  TOO_MANY_WAITING_JOBS: {
    kind: 'rate_limited',
    title: 'Too many waiting jobs',
    hint: '`waiting` jobs and the `added` ones would be above `limit`; nothing was created or held. Wait for jobs to finish, or cancel some.',
  },
  JOB_FINISHED: { kind: 'conflict', title: 'Job finished', hint: 'A finished job cannot be changed.' },
  JOB_NOT_RETRYABLE: {
    kind: 'conflict',
    title: 'Job cannot be retried',
    hint: 'Only failed and cancelled jobs are retried: start a new one.',
  },
  RESULT_NOT_READY: {
    kind: 'conflict',
    title: 'Result not ready',
    hint: 'Wait until the job is `COMPLETED`.',
  },
  MEDIA_CHANGED: {
    kind: 'invalid',
    title: 'Stored file changed',
    hint: 'Upload the file again: it is not as it was when it was stored.',
  },
  FRAMES_MISSING: {
    kind: 'invalid',
    title: 'Frames missing',
    hint: 'Upload the video again: frames that were asked for cannot be read from it.',
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
    hint: 'The bytes of an image are not those of its size: upload the file again.',
  },
  NOTHING_PROCESSED: {
    kind: 'invalid',
    title: 'Nothing processed',
    hint: 'The message says why no image of the dataset could be searched for objects.',
  },
  NOTHING_CLASSIFIED: {
    kind: 'invalid',
    title: 'Nothing classified',
    hint: 'The message says why no image of the dataset could be classified.',
  },
  NOTHING_FILLED: {
    kind: 'invalid',
    title: 'Nothing filled',
    hint: 'The message says why no item of the dataset could be filled.',
  },
  INPAINTING_TIMEOUT: {
    kind: 'too_large',
    title: 'Inpainting network too slow',
    hint: 'The network that `modelId` names was not opened, or did not answer, within `INPAINTING_MODEL_TIMEOUT`: use a smaller network or smaller images.',
  },
  JOB_TIMEOUT: {
    kind: 'too_large',
    title: 'Job timeout',
    hint: 'The job took longer than `JOB_TIMEOUT`: start it over a smaller range.',
  },
  JOB_MEMORY_LIMIT: {
    kind: 'too_large',
    title: 'Job needs too much memory',
    hint: 'The job needed more memory than a job may use: start it over smaller files.',
  },
  RESULT_TOO_LARGE: {
    kind: 'too_large',
    title: 'Result too large',
    hint: 'Start the job over a smaller range.',
  },
  ENGINE_STALLED: {
    kind: 'timeout',
    title: 'Engine stalled',
    hint: 'The process of the job reported nothing for too long and was ended; the job was tried again.',
  },
  STOPPED: {
    kind: 'unavailable',
    title: 'Job stopped',
    hint: 'The process was stopping; the job is tried again.',
  },
  WORKER_LOST: {
    kind: 'unavailable',
    title: 'Worker lost',
    hint: 'The worker of the job ended in its last attempt: start the job again.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
