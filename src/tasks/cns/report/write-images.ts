import path from 'node:path';
import { decodeImages, type FrameImage } from '../../../media/frame-image.js';
import { setUpCamera } from '../../../servoing/camera-setup.js';
import { MatchImages } from './match-images.js';
import { Preview } from './preview/preview.js';
import type { ReportInput } from './report-input.js';

const PREVIEW = 'preview.mp4';

/** Decodes frames of one of the two videos in colour, at working size. */
function decode(
  { params, engine, probes }: ReportInput,
  name: 'goal' | 'current',
  indices: readonly number[],
): AsyncGenerator<FrameImage> {
  const { workingSize } = setUpCamera(probes[name], params);
  const { ffmpeg: tools, signal } = engine;
  return decodeImages({
    path: engine.mediaPaths[name],
    probe: probes[name],
    workingSize,
    tools,
    signal,
    indices,
  });
}

async function goalImage(report: ReportInput): Promise<FrameImage | null> {
  for await (const image of decode(report, 'goal', [report.input.goalFrame])) return image;
  return null;
}

/**
 * Draws the match images and the preview video in one pass over the frames they show.
 * @returns names of the files, relative to `folder`; empty when the goal frame cannot be decoded
 */
export async function writeImages(report: ReportInput, folder: string): Promise<readonly string[]> {
  const { engine, params, probes, images: matches, preview: previewed } = report;
  const goal = await goalImage(report);
  if (goal === null) return [];
  const current = setUpCamera(probes.current, params).workingSize;
  const images = await MatchImages.start({ folder, goal, current, matches });
  const preview = params.preview ? await Preview.start(report, goal, path.join(folder, PREVIEW)) : null;
  try {
    const shown = [...matches, ...previewed].map(({ frame }) => frame);
    for await (const image of decode(report, 'current', shown)) {
      engine.signal.throwIfAborted();
      await images.offer(image.index, image);
      await preview?.offer(image.index, image);
    }
    await preview?.finish();
  } finally {
    await preview?.stop();
  }
  return [...(preview === null ? [] : [PREVIEW]), ...images.written];
}
