import path from 'node:path';
import { decodePictures, type FramePicture } from '../../../media/frame-picture.js';
import { setUpCamera } from '../../../servoing/camera-setup.js';
import { MatchPictures } from './match-pictures.js';
import { Preview } from './preview/preview.js';
import type { ReportInput } from './report-input.js';

const PREVIEW = 'preview.mp4';

/** Frames of one of the two videos in colour, at the size that was analysed. */
function decode(
  { params, engine, probes }: ReportInput,
  name: 'goal' | 'current',
  indices: readonly number[],
): AsyncGenerator<FramePicture> {
  const { workingSize } = setUpCamera(probes[name], params);
  const { ffmpeg: tools, signal } = engine;
  return decodePictures({
    path: engine.mediaPaths[name],
    probe: probes[name],
    workingSize,
    tools,
    signal,
    indices,
  });
}

async function goalPicture(report: ReportInput): Promise<FramePicture | null> {
  for await (const picture of decode(report, 'goal', [report.input.goalFrame])) return picture;
  return null;
}

/**
 * Draws the pictures of matches and the preview video from one pass over the frames that they show.
 * @returns names of the files, relative to `folder`; none where the goal frame cannot be shown
 */
export async function writePictures(report: ReportInput, folder: string): Promise<readonly string[]> {
  const { engine, params, probes, pictures: matches, preview: previewed } = report;
  const goal = await goalPicture(report);
  if (goal === null) return [];
  const current = setUpCamera(probes.current, params).workingSize;
  const pictures = await MatchPictures.start({ folder, goal, current, matches });
  const preview = params.preview ? await Preview.start(report, goal, path.join(folder, PREVIEW)) : null;
  try {
    const shown = [...matches, ...previewed].map(({ frame }) => frame);
    for await (const picture of decode(report, 'current', shown)) {
      engine.signal.throwIfAborted();
      await pictures.offer(picture.index, picture);
      await preview?.offer(picture.index, picture);
    }
    await preview?.finish();
  } finally {
    await preview?.stop();
  }
  return [...(preview === null ? [] : [PREVIEW]), ...pictures.written];
}
