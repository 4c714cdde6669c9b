import { Worker } from 'node:worker_threads';
import { AppError, messageOf } from '../../../errors/app-error.js';
import type { Detector, Features, GrayImage } from '../types.js';
import type { DetectionReply, DetectionRequest } from './detection-messages.js';

/** Threads that detect. */
export interface ThreadedDetectorOptions {
  readonly name: string;
  /** Compiled entry of a thread: takes {@link DetectionRequest}, answers {@link DetectionReply}. */
  readonly entry: URL;
  /** What every thread is told at its start. */
  readonly workerData: unknown;
  /** Worker threads; at least one runs. */
  readonly threads: number;
}

/** Starts worker threads and gives each image to the least busy one. */
export class ThreadedDetector implements Detector {
  readonly name: string;
  readonly #lanes: readonly Lane[];

  constructor({ name, entry, workerData, threads }: ThreadedDetectorOptions) {
    this.name = name;
    this.#lanes = Array.from({ length: Math.max(1, threads) }, () => new Lane(entry, workerData));
  }

  detect(image: GrayImage): Promise<Features> {
    const lane = this.#lanes.reduce((least, other) => (other.open < least.open ? other : least));
    return lane.detect(image);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

interface Waiting {
  resolve(features: Features): void;
  reject(error: AppError): void;
}

/** One worker thread and the requests that it still owes an answer. */
class Lane {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private ended: AppError | undefined;

  constructor(entry: URL, workerData: unknown) {
    this.worker = new Worker(entry, { workerData });
    this.worker.on('message', (reply: DetectionReply) => this.settle(reply));
    this.worker.on('error', (error) =>
      this.end(`The detector's thread failed: ${messageOf(error).slice(0, 500)}`),
    );
    this.worker.on('exit', () => this.end("The detector's thread has ended."));
  }

  /** Requests without an answer yet. */
  get open(): number {
    return this.waiting.size;
  }

  async detect(image: GrayImage): Promise<Features> {
    checkImage(image);
    if (this.ended !== undefined) throw this.ended;
    const id = ++this.lastId;
    // A copy is what travels: the caller refills one buffer with frame after frame.
    const request: DetectionRequest = { id, image: { ...image, data: new Uint8Array(image.data) } };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage(request, [request.image.data.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    this.end('The detector was closed.');
    await this.worker.terminate();
  }

  private settle(reply: DetectionReply): void {
    const request = this.waiting.get(reply.id);
    if (request === undefined) return;
    this.waiting.delete(reply.id);
    if ('features' in reply) request.resolve(reply.features);
    else request.reject(detectorFailed(reply.error));
  }

  private end(message: string): void {
    this.ended ??= detectorFailed(message);
    for (const request of this.waiting.values()) request.reject(this.ended);
    this.waiting.clear();
  }
}

function detectorFailed(message: string): AppError {
  return new AppError({ code: 'DETECTOR_FAILED', kind: 'internal', message });
}

function checkImage({ width, height, data }: GrayImage): void {
  if (width > 0 && height > 0 && data.length === width * height) return;
  throw new AppError({
    code: 'IMAGE_SIZE_MISMATCH',
    kind: 'invalid',
    message: `A grey image of ${width}x${height} needs ${width * height} bytes and at least one pixel, but has ${data.length}.`,
    details: { width, height, bytes: data.length },
  });
}
