import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApiClient } from '../../scripts/demo/api-client.js';
import { pngOf, rectangleMask } from '../support/inpainting-run.js';
import { renderTestClip } from '../factories/videos/render-clip.js';

/** A job that can be started again and again. */
export interface SoakJob {
  /** What its progress counts up to. */
  readonly frames: number;
  /** Starts one and returns its id. */
  start(): Promise<string>;
}

const FRAMES = 60;
const SIZE = { width: 640, height: 480 };
/** A sixteenth of the image: wide enough for patches, so that a frame takes a while. */
const HOLE = { left: 240, top: 180, right: 400, bottom: 300 };

/** Makes the media of a task's job in `folder` and uploads them; one clip for each task. */
export const SOAK_JOBS = {
  cns: async (client: ApiClient, folder: string): Promise<SoakJob> => {
    const clip = path.join(folder, 'clip.mp4');
    const { goalFrame: goalFrameId } = await renderTestClip({ out: clip, seed: 5, frames: FRAMES, ...SIZE });
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'soak' });
    await client.uploadVideo(dataset.id, clip, 'clip');
    const parameters = { goalFrameId, detector: 'ORB', device: 'cpu' };
    const body = { datasetId: dataset.id, parameters };
    return {
      frames: FRAMES,
      start: async () => (await client.post<{ jobId: string[] }>('/api/inference', body)).jobId[0],
    };
  },
  inpainting: async (client: ApiClient, folder: string): Promise<SoakJob> => {
    const clip = path.join(folder, 'clip.mp4');
    const mask = path.join(folder, 'mask.png');
    await renderTestClip({ out: clip, seed: 5, frames: FRAMES, ...SIZE });
    await writeFile(mask, await pngOf(rectangleMask(SIZE, HOLE), SIZE));
    await client.post('/api/datasets', { name: 'soak' });
    await client.uploadPair('soak', clip, mask);
    const body = { datasetName: 'soak', parameters: { device: 'cpu' } };
    return {
      frames: FRAMES,
      start: async () => (await client.post<{ jobId: string }>('/api/inferences', body)).jobId,
    };
  },
} as const;

/** Tasks whose jobs can be soaked. */
export type SoakTask = keyof typeof SOAK_JOBS;

/** @throws Error for a task without a soak job. */
export function soakTask(name: string): SoakTask {
  const found = (Object.keys(SOAK_JOBS) as SoakTask[]).find((task) => task === name);
  if (found === undefined) throw new Error(`--task is ${name}; cns or inpainting.`);
  return found;
}
