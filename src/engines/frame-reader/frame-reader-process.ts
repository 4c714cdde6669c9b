import { fileURLToPath } from 'node:url';
import type { MaskFacts } from '../../domain/dataset.js';
import type { ProcessError } from '../../errors/process-error.js';
import { FileChild } from '../../supervision/file-child.js';
import type { FrameImageWork, FrameWork, MaskVideoWork, ScreenshotWork, WrittenFile } from './frame-work.js';

const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));
/** One hour, as a last resort: FFmpeg inside of the child has its own, lower limits. */
const TIMEOUT_MS = 3_600_000;
/** Maximum size of a written file: one frame as PNG. */
const MAX_WRITTEN_BYTES = 2 * 2 ** 30;

/**
 * Determines how a mask video is read.
 * @throws AppError as `readMaskVideo` does, MASK_FAILED (internal) when the child exits without an answer;
 *   the signal's reason on abort
 */
export const readMaskVideoInChild = (
  work: Omit<MaskVideoWork, 'kind'>,
  signal?: AbortSignal,
): Promise<MaskFacts> => inChild({ kind: 'maskVideo', ...work }, isMaskFacts, signal);

/**
 * Writes the frame of which an image is a screenshot. @throws AppError as `writeScreenshotFrame` does,
 * otherwise as above
 */
export async function writeScreenshotInChild(
  work: Omit<ScreenshotWork, 'kind'>,
  signal?: AbortSignal,
): Promise<void> {
  await inChild({ kind: 'screenshot', ...work }, isNull, signal);
}

/**
 * Writes a frame of a stored video as an image. @throws AppError NOT_FOUND for a frame beyond the end, otherwise
 * as above
 */
export const writeFrameImageInChild = (
  work: Omit<FrameImageWork, 'kind'>,
  signal?: AbortSignal,
): Promise<WrittenFile> => inChild({ kind: 'frameImage', ...work }, isWritten, signal);

/**
 * Runs the work in its own child process. Raw frames have tens of megabytes each, and neither they nor their
 * garbage should use memory of the process that answers requests.
 */
async function inChild<Value>(
  work: FrameWork,
  isValue: (value: unknown) => value is Value,
  signal: AbortSignal | undefined,
): Promise<Value> {
  signal?.throwIfAborted();
  const child = new FileChild<FrameWork, Value>({
    module: CHILD,
    lost: FRAMES_UNREADABLE,
    isValue,
    fileSizeBytes: MAX_WRITTEN_BYTES,
  });
  try {
    return await child.ask(work, { timeoutMs: TIMEOUT_MS, signal });
  } finally {
    // FFmpeg, a child of this child, is killed by the kernel with it.
    child.end();
  }
}

const isNull = (value: unknown): value is null => value === null;
const isMaskFacts = (value: unknown): value is MaskFacts =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'share') === 'number';
const isWritten = (value: unknown): value is WrittenFile =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'sha256') === 'string';

/** The error when the child or our own code in it failed; errors about the file have their own codes. */
export const FRAMES_UNREADABLE: ProcessError = {
  code: 'MASK_FAILED',
  message: 'The frames of the video could not be read.',
};
