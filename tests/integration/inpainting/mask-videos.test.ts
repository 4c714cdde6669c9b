import { writeFile } from 'node:fs/promises';
import type { MaskFacts } from '../../../src/domain/dataset.js';
import type { AppError } from '../../../src/errors/app-error.js';
import { locateFfmpeg, type FfmpegTools } from '../../../src/media/ffmpeg-locate.js';
import { readMaskVideoInChild } from '../../../src/engines/frame-reader/frame-reader-process.js';
import { readMaskVideo, type ProbedVideo } from '../../../src/media/mask-video.js';
import { probeVideo } from '../../../src/media/probe.js';
import * as clips from '../../factories/videos/clips.js';
import { detectConfinementTools } from '../../../src/supervision/confinement.js';
import { untilGoneWithParent } from '../../support/killed-parent.js';
import { keepingFiller } from '../../support/keeping-filler.js';
import { runInpainting } from '../../support/inpainting-run.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';

let folder: clips.ClipFolder;
let clip: string;
let tools: FfmpegTools;
let source: ProbedVideo;
beforeAll(async () => {
  folder = await clips.makeClipFolder();
  clip = folder.file('clip.mp4');
  await clips.ffmpeg(...SOURCE, ...H264, clip);
  tools = await locateFfmpeg();
  source = await opened(clip);
});
afterAll(() => folder.remove());

const SIZE = { width: 160, height: 120 };
const FRAMES = 24;
/** 40 x 30 of 160 x 120 pixels. */
const SHARE = 0.0625;
const BOX = 'drawbox=x=60:y=40:w=40:h=30:t=fill';
const SOURCE = ['-f', 'lavfi', '-i', `mandelbrot=s=160x120:r=25`, '-frames:v', String(FRAMES)];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '16', '-pix_fmt', 'yuv420p'];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-pix_fmt', 'yuva420p'];

const plain = (colour: string, filter = 'null', codec = H264) => [
  ...['-f', 'lavfi', '-i', `color=${colour}:s=160x120:r=25`],
  ...['-vf', filter, '-frames:v', String(FRAMES), ...codec],
];
/** Everything outside of the box is opaque. */
const ERASED = "geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*(1-between(X,60,99)*between(Y,40,69))'";

async function opened(path: string): Promise<ProbedVideo> {
  return { path, probe: await probeVideo(path, { tools, limits: UPLOAD_LIMITS }) };
}

async function read(name: string, args: readonly string[]): Promise<MaskFacts> {
  const path = folder.file(name);
  await clips.ffmpeg(...args, path);
  return readMaskVideo({ mask: await opened(path), openSource: () => Promise.resolve(source), tools });
}

/** Part of the pixels that a job fills, and its warnings; the mask is not grown. */
async function run(name: string, facts: MaskFacts) {
  const video = { frames: FRAMES, fps: 25 };
  const mask = folder.file(name);
  const pair = { source: clip, mask, ...SIZE, video, maskFrames: FRAMES, maskPaint: facts.paint };
  const parameters = { temporal: false, grow: 0, feather: 0 };
  const { result } = await runInpainting(keepingFiller, [pair], { parameters });
  const [item] = result.json.items as { holeShare: number; status: string; warnings: string[] }[];
  return item;
}

describe('mask videos', () => {
  it.each<[string, string, () => readonly string[]]>([
    ['white.mp4', 'white', () => plain('black', `${BOX}:c=white`)],
    ['red.mp4', 'colour', () => plain('black', `${BOX}:c=red`)],
    ['red-on-white.mp4', 'colour', () => plain('white', `${BOX}:c=red`)],
    ['painted.mp4', 'difference', () => ['-i', clip, '-vf', `${BOX}:c=red`, ...H264]],
    ['painted-white.mp4', 'difference', () => ['-i', clip, '-vf', `${BOX}:c=white`, ...H264]],
    ['erased.webm', 'transparency', () => plain('black', `format=yuva444p,format=rgba,${ERASED}`, VP9)],
    [
      'erased.mov',
      'transparency',
      () => ['-i', clip, '-vf', `format=rgba,${ERASED}`, '-c:v', 'qtrle', '-pix_fmt', 'argb'],
    ],
  ])('%s: exactly what was painted is filled', async (name, reading, args) => {
    const facts = await read(name, args());
    expect(facts.reading).toBe(reading);
    // A pixel around the box: 144 of 19 200.
    expect(Math.abs(facts.share - SHARE)).toBeLessThan(0.0075);
    expect(Math.abs((await run(name, facts)).holeShare - SHARE)).toBeLessThan(0.0075);
  });

  it('takes white for paint, on black as around black', async () => {
    const facts = await read('inverse.mp4', plain('white', `${BOX}:c=black`));
    expect([facts.reading, facts.share.toFixed(2)]).toEqual(['white', (1 - SHARE).toFixed(2)]);
  });

  it('cannot tell what is paint in another video', async () => {
    const other = ['-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=25:d=1', ...H264];
    await expect(read('other.mp4', other)).rejects.toMatchObject({ code: 'MASK_UNCLEAR' });
  });

  it('finds nothing painted on a copy that is only coded again', async () => {
    expect(await read('copy.mp4', ['-i', clip, ...H264])).toMatchObject({ reading: 'difference', share: 0 });
  });

  it('compares several frames of a quick mask video with the same frame of its source', async () => {
    const facts = await read('quick.mp4', [
      ...['-i', clip, '-vf', `fps=200,${BOX}:c=red`],
      ...['-frames:v', '30', ...H264],
    ]);
    expect(facts.reading).toBe('difference');
    expect(Math.abs(facts.share - SHARE)).toBeLessThan(0.0075);
  });

  it('finds what is painted in a single frame, and in none', async () => {
    const once = await read('once.mp4', plain('black', `${BOX}:c=white:enable='eq(n,12)'`));
    expect(once.share).toBeGreaterThan(0);
    expect(once.share).toBeLessThan(SHARE);
    const red = await read('red-once.mp4', plain('black', `${BOX}:c=red:enable='eq(n,12)'`));
    expect([red.reading, red.share > 0]).toEqual(['colour', true]);
    expect((await read('black.mp4', plain('black'))).share).toBe(0);
    expect((await read('all-white.mp4', plain('white'))).share).toBe(1);
  });

  it('leaves frames that the mask covers wholly as they are, and says so', async () => {
    const covered = "drawbox=x=0:y=0:w=160:h=120:t=fill:c=white:enable='lt(n,10)'";
    const facts = await read('partly.mp4', plain('black', `${BOX}:c=white,${covered}`));
    const { status, warnings, holeShare } = await run('partly.mp4', facts);
    expect([status, warnings]).toEqual([
      'filled',
      ['The mask covers 10 of 24 frames wholly: they were left as they are.'],
    ]);
    expect(Math.abs(holeShare - (SHARE * 14) / 24)).toBeLessThan(0.0075);
  });
});

describe('in a child process, as uploads are read', () => {
  const readApart = (
    mask: ProbedVideo,
    shown: ProbedVideo,
    { signal, keptBytes }: { readonly signal?: AbortSignal; readonly keptBytes?: number } = {},
  ) => {
    const [first, second] = [mask, shown].map(({ path, probe }) => ({ path, ...probe }));
    const limits = UPLOAD_LIMITS;
    return readMaskVideoInChild({ mask: first, source: second, tools, limits, keptBytes }, signal);
  };
  const inChild = async (name: string, args: readonly string[], signal?: AbortSignal) => {
    const path = folder.file(name);
    await clips.ffmpeg(...args, path);
    return readApart(await opened(path), source, { signal });
  };

  it('finds the same, also where the source has to be opened', async () => {
    const painted = ['-i', clip, '-vf', `${BOX}:c=red`, ...H264];
    expect(await inChild('apart.mp4', painted)).toEqual(await read('here.mp4', painted));
  });

  it('refuses with the same code and text', async () => {
    const other = ['-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=25:d=1', ...H264];
    const refusal = await read('other-here.mp4', other).catch((error: AppError) => error.message);
    const apart = inChild('other-apart.mp4', other);
    await expect(apart).rejects.toMatchObject({ code: 'MASK_UNCLEAR', kind: 'invalid', message: refusal });
  });

  it('is given up with the request', async () => {
    const gone = AbortSignal.abort(new Error('the client has gone'));
    await expect(inChild('gone.mp4', plain('black'), gone)).rejects.toThrow('the client has gone');
  });

  it('finds the same in frames of which only one at a time is kept', async () => {
    const [large, white, painted] = ['large.mp4', 'large-white.mp4', 'large-painted.mp4'].map(folder.file);
    const scale = 'scale=480:360:flags=neighbor,setsar=1';
    await clips.ffmpeg('-i', clip, '-vf', scale, '-frames:v', '5', ...H264, large);
    const box = 'drawbox=x=120:y=90:w=120:h=90:t=fill';
    await clips.ffmpeg('-i', large, '-vf', `lutyuv=y=16:u=128:v=128,${box}:c=white`, ...H264, white);
    await clips.ffmpeg('-i', large, '-vf', `${box}:c=red`, ...H264, painted);
    for (const [file, reading] of [
      [white, 'white'],
      [painted, 'difference'],
    ]) {
      // Two of its frames are more than may be kept.
      const facts = await readApart(await opened(file), await opened(large), { keptBytes: 1_000_000 });
      expect([facts.reading, facts.share.toFixed(3)]).toEqual([reading, '0.063']);
    }
  });

  (detectConfinementTools().setpriv ? it : it.skip)(
    'a decoder that never ends is gone, with its reader, once the process that asked is killed',
    async () => {
      const endless = folder.file('endless-ffprobe');
      await writeFile(endless, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
      const module = (file: string) => JSON.stringify(new URL(`../../../${file}`, import.meta.url).href);
      const work = {
        mask: { path: clip },
        source: { path: clip },
        tools: { ...tools, ffprobePath: endless, ffmpegPath: endless },
        limits: UPLOAD_LIMITS,
      };
      await untilGoneWithParent(`
      const { readMaskVideoInChild } = await import(${module('src/engines/frame-reader/frame-reader-process.js')});
      const { descendants } = await import(${module('tests/support/running-stack.js')});
      void readMaskVideoInChild(${JSON.stringify(work)});
      let pid;
      while (!pid) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        [pid] = descendants(process.pid, 'sleep 600');
      }
      console.log(pid);`);
    },
  );
});
