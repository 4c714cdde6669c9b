import path from 'node:path';
import { MatchImages } from './match-images.js';
import { Preview } from './preview/preview.js';
import type { ReportDrawing } from './report-drawing.js';

const PREVIEW = 'preview.mp4';

/**
 * Draws the match images and the preview video in one pass over the frames they show.
 * @returns names of the files, relative to `folder`; empty when the goal frame cannot be decoded
 */
export async function writeImages(report: ReportDrawing, folder: string): Promise<readonly string[]> {
  const { engine, currentSize, images: matches, preview: previewed } = report;
  const goal = await report.goalImage();
  if (goal === null) return [];
  const images = await MatchImages.start({ folder, goal, current: currentSize, matches });
  const preview =
    previewed === null
      ? null
      : await Preview.start({ report, previewed, goal, path: path.join(folder, PREVIEW) });
  try {
    const shown = [...matches, ...(previewed?.frames.map((frame) => frame.matches) ?? [])];
    for await (const image of report.currentImages(shown.map(({ frame }) => frame))) {
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
