import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../errors/process-error.js';
import type { MadePreview } from '../../media/previews/made-preview.js';
import { FileChild } from '../../supervision/file-child.js';
import type { PreviewWork } from './preview-work.js';

const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));
/** An idle process is stopped after this time. */
const IDLE_MS = 20_000;
/** Maximum size of a written file; FFmpeg has the same limit for the playable copy. */
const MAX_WRITTEN_BYTES = 64 * 2 ** 30;

/** The error when the process exits, or is killed at a limit, without an answer. */
export const PREVIEW_LOST: ProcessError = {
  code: 'PREVIEW_NOT_MADE',
  message: 'The preview could not be made within the limits of time and memory.',
};

/** Makes previews in a child process, one at a time. A file that crashes it only affects its own preview. */
export class PreviewMakerProcess {
  #child: FileChild<PreviewWork, MadePreview> | undefined;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @throws AppError as `makePreview` does; PREVIEW_NOT_MADE when the process was lost or exceeded a limit; the signal's
   *   reason on abort
   */
  async make(work: PreviewWork, signal?: AbortSignal): Promise<MadePreview> {
    clearTimeout(this.#idle);
    if (this.#child?.usable !== true) this.#child = start();
    try {
      return await this.#child.ask(work, { timeoutMs: work.timeoutMs, signal });
    } finally {
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  /** Stops the process; the next preview starts another one. FFmpeg, a child of it, is killed by the kernel with it. */
  close(): void {
    clearTimeout(this.#idle);
    this.#child?.end();
    this.#child = undefined;
  }
}

const start = (): FileChild<PreviewWork, MadePreview> =>
  new FileChild({ module: CHILD, lost: PREVIEW_LOST, isValue: isMade, fileSizeBytes: MAX_WRITTEN_BYTES });

const isMade = (value: unknown): value is MadePreview =>
  typeof value === 'object' && value !== null && Array.isArray(Reflect.get(value, 'files'));
