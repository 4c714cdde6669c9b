import { fileURLToPath } from 'node:url';
import type { MaskFacts } from '../../domain/dataset.js';
import { AppError } from '../../errors/app-error.js';
import { askChild, startDecodingChild, type ErrorFacts } from '../../supervision/decoding-child.js';
import type { FramePngWork, FrameWork, MaskVideoWork, ScreenshotWork, WrittenFile } from './frame-work.js';

const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

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
  const child = startDecodingChild(CHILD);
  // FFmpeg, the child's own child, is ended by the kernel with it.
  const end = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', end, { once: true });
  try {
    const answer = await askChild(child, work, { lost: FRAMES_UNREADABLE, isValue });
    signal?.throwIfAborted();
    if (answer.ok) return answer.value;
    throw new AppError(answer.error);
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

const isNull = (value: unknown): value is null => value === null;
const isMaskFacts = (value: unknown): value is MaskFacts =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'share') === 'number';
const isWritten = (value: unknown): value is WrittenFile =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'sha256') === 'string';

/** Said where the child, or our own code in it, failed; what it finds of a file is said by itself. */
export const FRAMES_UNREADABLE: ErrorFacts = {
  code: 'MASK_FAILED',
  kind: 'internal',
  message: 'The frames of the video could not be read.',
  details: {},
};
