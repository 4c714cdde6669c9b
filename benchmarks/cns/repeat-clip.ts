import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ClipTruth } from '../../scripts/render/clip-truth.js';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { ROOT } from './run-clip.js';

/** Writes a sample clip repeated several times, and its ground truth, to a folder. */
export async function repeatClip(clip: string, times: number, folder: string): Promise<void> {
  const sample = (ending: string): string => path.join(ROOT, 'samples', `${clip}.${ending}`);
  const played = ['-stream_loop', String(times - 1), '-i', sample('mp4'), '-c', 'copy'];
  const { ffmpegPath } = await locateFfmpeg();
  const target = path.join(folder, `${clip}.mp4`);
  await promisify(execFile)(ffmpegPath, ['-v', 'error', ...played, target]);
  const truth = JSON.parse(await readFile(sample('json'), 'utf8')) as ClipTruth;
  const repeated = { ...truth, frames: times * truth.frames };
  await writeFile(path.join(folder, `${clip}.json`), JSON.stringify(repeated));
}
