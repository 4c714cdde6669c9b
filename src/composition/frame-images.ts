import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { AppError } from '../errors/app-error.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import { writeFrameImageInChild } from '../engines/frame-reader/frame-reader-process.js';
import { AdmissionQueue, type AdmissionLimits } from '../services/admission-queue.js';
import type { FrameImage, FrameImages, FrameRequest } from '../services/dataset-file.service.js';
import type { TempFolder, TempFolders } from '../storage/temp-folders.js';

/** A page of a dataset requests some dozen frames at once. */
const DECODING: AdmissionLimits = {
  running: Math.max(1, availableParallelism() >> 1),
  waiting: 128,
  waitingPerKey: 64,
  maxWaitMs: 60_000,
};

const busy = (): AppError =>
  new AppError('BUSY', {
    message: 'Too many frames are being decoded; try again later.',
    retryAfterSeconds: 10,
  });

/**
 * Decodes single frames in child processes, at most half as many as cores. An image is stored in a file until
 * the client has read it, because it may have many megabytes.
 */
export function createFrameImages(tools: FfmpegTools, folders: TempFolders): FrameImages {
  const decoding = new AdmissionQueue(DECODING, busy);
  const write = async (file: string, wanted: FrameRequest, folder: TempFolder): Promise<FrameImage> => {
    const { index, video, signal, format = 'png', toneMap = false } = wanted;
    const path = folder.file(`frame.${format}`);
    const { width, height, frameCount, frameSource } = video;
    const work = {
      path: file,
      index,
      video: { width, height, frameCount, frameSource },
      target: path,
      format,
      toneMap,
      tools,
    };
    const written = await writeFrameImageInChild(work, signal);
    return {
      ...written,
      read: (range) => createReadStream(path, range),
      [Symbol.asyncDispose]: () => folder.remove(),
    };
  };
  return {
    open: (file, wanted) =>
      decoding.run(wanted.userId, async () => {
        wanted.signal?.throwIfAborted();
        const folder = await folders.create('frames', randomUUID());
        try {
          return await write(file, wanted, folder);
        } catch (error) {
          await folder.remove();
          throw error;
        }
      }),
  };
}
