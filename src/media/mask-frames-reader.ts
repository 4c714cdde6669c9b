import { Worker } from 'node:worker_threads';
import { AppError } from '../errors/app-error.js';
import type { FrameFindings, FrameOrder } from './mask-frames.js';

const ENTRY = new URL('./mask-frames-thread.js', import.meta.url);

/** A thread that goes through the pixels of the frames of one mask video, so that the event loop stays free. */
export class MaskFramesReader {
  readonly #thread = new Worker(ENTRY);

  constructor() {
    // Told by `ask`; between two questions nobody else listens.
    this.#thread.on('error', () => undefined);
  }

  /**
   * What the thread finds; one question at a time. The pixels of a source go over to it.
   * @param handOver whether those of the frame go over too, since they are not needed here any more
   * @throws AppError MASK_FAILED (internal) when the thread ended instead
   */
  ask<Kind extends FrameOrder['kind']>(
    order: Extract<FrameOrder, { kind: Kind }>,
    handOver: boolean,
  ): Promise<FrameFindings[Kind]> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        this.#thread.off('message', onMessage).off('exit', onExit);
        end();
      };
      const onMessage = (answer: FrameFindings[Kind]): void => settle(() => resolve(answer));
      const onExit = (): void => settle(() => reject(failed()));
      this.#thread.once('message', onMessage).once('exit', onExit);
      this.#thread.postMessage(order, givenBuffers(order, handOver));
    });
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

function givenBuffers(order: FrameOrder, handOver: boolean): ArrayBuffer[] {
  const given = [...(handOver ? [order.frame] : []), ...(order.kind === 'compare' ? [order.source] : [])];
  return given.map(({ data }) => data.buffer as ArrayBuffer);
}

const failed = (): AppError =>
  new AppError({ code: 'MASK_FAILED', kind: 'internal', message: 'The mask video could not be read.' });
