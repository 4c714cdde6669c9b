import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../errors/process-error.js';
import type { ImageRequest, ImportedImage } from '../../media/image-intake.js';
import { FileChild } from '../../supervision/file-child.js';

/** Time limit per image in milliseconds. */
const IMAGE_TIMEOUT_MS = 60_000;
/** An idle process is stopped after this time. */
const IDLE_MS = 20_000;
/**
 * Maximum size of a written file; the largest image that any setting allows has half as many bytes
 * uncompressed.
 */
const MAX_WRITTEN_BYTES = 2 * 2 ** 30;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/** Limits of {@link ImageIntakeProcess}; only tests change the defaults. */
export interface ImageIntakeLimits {
  /** Time limit per image in milliseconds. */
  readonly timeoutMs?: number;
  /** Memory limit of the process in bytes. */
  readonly memoryBytes?: number;
  /** Module of the process. */
  readonly module?: string;
}

/**
 * Imports users' images and draws masks in a child process, one after the other. An image that crashes the decoder, needs too
 * much memory or never finishes only affects the child; the next request starts a new one.
 */
export class ImageIntakeProcess {
  readonly #limits: ImageIntakeLimits;
  #child: FileChild<ImageRequest, ImportedImage> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(limits: ImageIntakeLimits = {}) {
    this.#limits = limits;
  }

  /**
   * @throws AppError as `importImage` does; IMAGE_CORRUPT for an image that crashed the process or exceeded
   *   its limits.
   */
  take(request: ImageRequest, signal?: AbortSignal): Promise<ImportedImage> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return this.#run(request);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Stops the process; the next request starts another one. */
  close(): void {
    clearTimeout(this.#idle);
    this.#child?.end();
    this.#child = undefined;
  }

  async #run(request: ImageRequest): Promise<ImportedImage> {
    clearTimeout(this.#idle);
    if (this.#child?.usable !== true) this.#child = this.#start();
    try {
      return await this.#child.ask(request, { timeoutMs: this.#limits.timeoutMs ?? IMAGE_TIMEOUT_MS });
    } finally {
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  #start(): FileChild<ImageRequest, ImportedImage> {
    const { module = CHILD, memoryBytes } = this.#limits;
    return new FileChild({
      module,
      memoryBytes,
      lost: LOST,
      isValue: isTaken,
      fileSizeBytes: MAX_WRITTEN_BYTES,
    });
  }
}

const isTaken = (value: unknown): value is ImportedImage => typeof value === 'object' && value !== null;

const LOST: ProcessError = {
  code: 'IMAGE_CORRUPT',
  message: 'The image cannot be decoded within the limits of time and memory.',
};
