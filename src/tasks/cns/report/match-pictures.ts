import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodePictures, type FramePicture } from '../../../media/frame-picture.js';
import { composePicture } from '../../../media/image-codec.js';
import type { VideoProbe } from '../../../media/probe.js';
import { setUpCamera } from '../camera-setup.js';
import type { VideoFacts } from '../definition.js';
import { matchOverlaySvg } from './match-overlay.js';
import type { ReportInput } from './report.js';

const GAP = 8;
const CAPTION = 30;
const FOLDER = 'matches';

interface Source {
  readonly name: 'goal' | 'current';
  readonly video: VideoFacts;
  readonly probe: VideoProbe;
}

/** Frames of one video in colour, one after the other. */
function picturesOf(
  { params, engine }: ReportInput,
  { name, video, probe }: Source,
  indices: readonly number[],
) {
  const { workingSize } = setUpCamera(video, params);
  const { ffmpeg: tools, signal } = engine;
  return decodePictures({ path: engine.mediaPaths[name], probe, workingSize, tools, signal, indices });
}

async function onlyPicture(pictures: AsyncIterable<FramePicture>): Promise<FramePicture | null> {
  for await (const picture of pictures) return picture;
  return null;
}

/**
 * Draws goal and current frame side by side with their matches, for the frames that were selected.
 * @returns names of the pictures relative to `folder`
 */
export async function writeMatchPictures(report: ReportInput, folder: string): Promise<string[]> {
  const { input, probes, pictures } = report;
  const goalSource: Source = { name: 'goal', video: input.goalVideo, probe: probes.goal };
  const goal = await onlyPicture(picturesOf(report, goalSource, [input.goalFrame]));
  if (!goal) return [];
  await mkdir(path.join(folder, FOLDER), { recursive: true });
  const source: Source = { name: 'current', video: input.currentVideo, probe: probes.current };
  const byFrame = new Map(pictures.map((matches) => [matches.frame, matches]));
  const names: string[] = [];
  for await (const current of picturesOf(report, source, [...byFrame.keys()])) {
    const matches = byFrame.get(current.index);
    if (!matches) continue;
    report.engine.signal.throwIfAborted();
    const layout = { goal, current, gap: GAP, caption: CAPTION };
    const picture = await composePicture({
      width: goal.width + GAP + current.width,
      height: Math.max(goal.height, current.height) + CAPTION,
      encoding: { format: 'jpeg' },
      layers: [
        { picture: goal, left: 0, top: 0 },
        { picture: current, left: goal.width + GAP, top: 0 },
        { svg: matchOverlaySvg(matches, layout), left: 0, top: 0 },
      ],
    });
    const name = `${FOLDER}/frame-${String(current.index).padStart(6, '0')}.jpg`;
    await writeFile(path.join(folder, name), picture);
    names.push(name);
  }
  return names;
}
