/**
 * Renders the clips in samples/ with their ground truth: `npm run render:samples [name ...]`. Scenes, paths and noise
 * come from fixed seeds; only the FFmpeg version may change the bytes of the videos.
 */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { SAMPLE_CLIPS } from './render/clip-spec.js';
import { formatTruth } from './render/clip-truth.js';
import { renderClip } from './render/render-clip.js';

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(root, 'samples');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => SAMPLE_CLIPS.every((clip) => clip.name !== name));
if (unknown.length > 0) {
  console.error(
    `No such clip: ${unknown.join(', ')}. There are ${SAMPLE_CLIPS.map((clip) => clip.name).join(', ')}.`,
  );
  process.exit(1);
}

await mkdir(folder, { recursive: true });
for (const clip of SAMPLE_CLIPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const started = performance.now();
  const video = join(folder, `${clip.name}.mp4`);
  // Written under a temporary name first, so that an interrupted run leaves no partial clip.
  const partial = join(folder, `.${clip.name}.partial.mp4`);
  const truth = await renderClip(clip, {
    out: partial,
    onFrame: (done) => {
      if (done % 10 === 0 || done === clip.frames)
        process.stdout.write(`\r${clip.name}: frame ${done} of ${clip.frames}`);
    },
  });
  await rename(partial, video);
  await writeFile(join(folder, `${clip.name}.json`), formatTruth(truth));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = ((await stat(video)).size / 1e6).toFixed(2);
  console.log(
    `\r${relative(root, video)}: ${clip.frames} frames, ${megabytes} MB, goal at ${truth.goalDistance.toFixed(3)} m, ${seconds} s`,
  );
}
