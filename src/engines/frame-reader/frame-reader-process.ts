import { fileURLToPath } from 'node:url';
import type { MaskFacts } from '../../domain/dataset.js';
import type { ProcessError } from '../../errors/process-error.js';
import { FileChild } from '../../supervision/file-child.js';
import type { FramePngWork, FrameWork, MaskVideoWork, ScreenshotWork, WrittenFile } from './frame-work.js';

const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));
/** An hour; FFmpeg inside has limits of its own, which come first. */
const TIMEOUT_MS = 3_600_000;
/** One frame as PNG. */
const MOST_WRITTEN_BYTES = 2 * 2 ** 30;

/**
 * How a mask video is read.
 * @throws AppError as `readMaskVideo`, MASK_FAILED (internal) when the child ended instead; the signal's reason on abort
 */
export const readMaskVideoInChild = (
  work: Omit<MaskVideoWork, 'kind'>,
  signal?: AbortSignal,
): Promise<MaskFacts> => inChild({ kind: 'maskVideo', ...work }, isMaskFacts, signal);

/** Writes the frame that a screenshot was taken from. @throws AppError as `writeScreenshotFrame`, else as above */
export async function writeScreenshotInChild(
  work: Omit<ScreenshotWork, 'kind'>,
  signal?: AbortSignal,
): Promise<void> {
  await inChild({ kind: 'screenshot', ...work }, isNull, signal);
}

/** Writes a frame of a stored video as PNG. @throws AppError NOT_FOUND for a frame beyond the end, else as above */
export const writeFramePngInChild = (
  work: Omit<FramePngWork, 'kind'>,
  signal?: AbortSignal,
): Promise<WrittenFile> => inChild({ kind: 'framePng', ...work }, isWritten, signal);

/**
 * Does the work in a child process that ends with it: raw frames are tens of megabytes each, and neither they nor what is
 * left of them until garbage is collected may add to the process that answers requests.
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
    fileSizeBytes: MOST_WRITTEN_BYTES,
  });
  try {
    return await child.ask(work, { timeoutMs: TIMEOUT_MS, signal });
  } finally {
    // FFmpeg, the child's own child, is ended by the kernel with it.
    child.end();
  }
}

const isNull = (value: unknown): value is null => value === null;
const isMaskFacts = (value: unknown): value is MaskFacts =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'share') === 'number';
const isWritten = (value: unknown): value is WrittenFile =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'sha256') === 'string';

/** Said where the child, or our own code in it, failed; what it finds of a file is said by itself. */
export const FRAMES_UNREADABLE: ProcessError = {
  code: 'MASK_FAILED',
  message: 'The frames of the video could not be read.',
};
