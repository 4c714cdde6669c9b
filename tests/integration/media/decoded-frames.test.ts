import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { locateFfmpeg, type FfmpegTools } from '../../../src/media/ffmpeg-locate.js';
import { decodeImages } from '../../../src/media/frame-image.js';
import { openFrameStream } from '../../../src/media/frame-stream.js';
import { probeVideo, type VideoProbe } from '../../../src/media/probe.js';
import { probeStoredVideo } from '../../../src/media/stored-video.js';
import * as clips from '../../factories/videos/clips.js';
import { withEdits } from '../../factories/videos/with-edits.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';

let folder: clips.ClipFolder;
let tools: FfmpegTools;

beforeAll(async () => {
  folder = await clips.makeClipFolder();
  tools = await locateFfmpeg();
});
afterAll(() => folder.remove());

const SIZE = { width: 80, height: 60 };

const probe = (path: string): Promise<VideoProbe> => probeVideo(path, { tools, limits: UPLOAD_LIMITS });

/** What a player shows, one frame after the other. */
const shownFrames = (path: string, format: 'gray' | 'rgb24'): Promise<string[]> =>
  clips.frameSums(path, { ...SIZE, format });

const sumOf = (data: Uint8Array): string => createHash('md5').update(data).digest('hex');

/** Appends one transport stream to another, which is how broadcasts are cut. */
async function join(target: string, parts: readonly string[]): Promise<void> {
  await writeFile(target, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
}

const textured = (size: string, seconds = 1) => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=${seconds}`];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '10'];

/** Kinds of files whose packets are not their frames, with the number of frames where it is known from their making. */
const kinds: readonly (readonly [name: string, make: () => Promise<string>, frames: number | null])[] = [
  [
    'VP8 with hidden frames',
    async () => {
      const path = folder.file('hidden.webm');
      for (const pass of ['1', '2'])
        await clips.ffmpeg(
          ...[...textured('160x120', 3), '-c:v', 'libvpx', '-b:v', '100k', '-auto-alt-ref', '1'],
          ...['-lag-in-frames', '25', '-arnr-maxframes', '7', '-deadline', 'good', '-cpu-used', '5'],
          ...['-pass', pass, '-passlogfile', folder.file('vp8'), path],
        );
      return path;
    },
    75,
  ],
  [
    'HEVC cut within an open group of pictures',
    async () => {
      const [whole, path] = [folder.file('whole.mkv'), folder.file('cut.mkv')];
      const open = 'log-level=none:pools=1:open-gop=1:keyint=25:min-keyint=25:bframes=4:scenecut=0';
      const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', open, '-pix_fmt', 'yuv420p'];
      await clips.ffmpeg(...textured('160x120', 4), ...hevc, whole);
      await clips.ffmpeg('-ss', '2.0', '-i', whole, '-c', 'copy', path);
      return path;
    },
    null,
  ],
  [
    'H.264 of which a part in the middle is damaged',
    async () => {
      const [whole, path] = [folder.file('good.mp4'), folder.file('damaged.mp4')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-movflags', '+faststart', whole);
      const bytes = await readFile(whole);
      const start = Math.floor(bytes.length * 0.5);
      bytes.fill(0xff, start, start + Math.floor(bytes.length * 0.15));
      await writeFile(path, bytes);
      return path;
    },
    null,
  ],
  [
    'a transport stream that ends within a packet',
    async () => {
      const [whole, path] = [folder.file('long.ts'), folder.file('short.ts')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-bf', '2', whole);
      const bytes = await readFile(whole);
      await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
      return path;
    },
    null,
  ],
  [
    'a transport stream that begins within a packet',
    async () => {
      const [whole, path] = [folder.file('early.ts'), folder.file('late.ts')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-bf', '2', whole);
      await writeFile(path, (await readFile(whole)).subarray(188 * 30 + 91));
      return path;
    },
    null,
  ],
  [
    'an M2TS that begins and ends within a packet',
    async () => {
      const [whole, path] = [folder.file('early.m2ts'), folder.file('late.m2ts')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-bf', '2', '-mpegts_m2ts_mode', '1', whole);
      await writeFile(path, (await readFile(whole)).subarray(192 * 30 + 91, -77));
      return path;
    },
    null,
  ],
  [
    'a program stream that begins within a packet',
    async () => {
      const [whole, path] = [folder.file('early.mpg'), folder.file('late.mpg')];
      await clips.ffmpeg(...textured('160x120', 2), '-c:v', 'mpeg2video', '-bf', '2', whole);
      await writeFile(path, (await readFile(whole)).subarray(5000));
      return path;
    },
    null,
  ],
  [
    'a recording of which only the last frames can be decoded',
    async () => {
      const [whole, path] = [folder.file('group.mpg'), folder.file('rest.mpg')];
      const mpeg2 = [
        '-c:v',
        'mpeg2video',
        '-g',
        '45',
        '-sc_threshold',
        '1000000000',
        '-bf',
        '0',
        '-frames:v',
        '50',
      ];
      await clips.ffmpeg(...textured('160x120', 2), ...mpeg2, whole);
      await writeFile(path, (await readFile(whole)).subarray(10_000));
      return path;
    },
    5,
  ],
  [
    'two recordings in one file, the second with the clock of the first',
    async () => {
      const [part, path] = [folder.file('part.ts'), folder.file('twice.ts')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-bf', '2', part);
      await join(path, [part, part]);
      return path;
    },
    100,
  ],
  [
    'a stream whose resolution changes',
    async () => {
      const parts = [folder.file('one.ts'), folder.file('two.ts')];
      await clips.ffmpeg(...textured('160x120'), ...H264, parts[0]);
      await clips.ffmpeg(...textured('320x240'), ...H264, '-output_ts_offset', '1', parts[1]);
      const path = folder.file('joined.ts');
      await join(path, parts);
      return path;
    },
    50,
  ],
  [
    'interlaced MPEG-2 in a program stream',
    async () => {
      const path = folder.file('interlaced.mpg');
      const mpeg2 = ['-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-bf', '2', '-q:v', '3'];
      await clips.ffmpeg(...textured('160x120', 2), ...mpeg2, path);
      return path;
    },
    50,
  ],
  [
    'an animated GIF',
    async () => {
      const path = folder.file('animated.gif');
      await clips.ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=10:d=1', path);
      return path;
    },
    10,
  ],
  [
    'frames that begin before time 0',
    async () => {
      const path = folder.file('negative.mkv');
      const early = ['-output_ts_offset', '-0.5', '-avoid_negative_ts', 'disabled'];
      await clips.ffmpeg(...textured('160x120'), ...H264, '-bf', '3', ...early, path);
      return path;
    },
    25,
  ],
  [
    'pieces and pauses of an edit list',
    async () => {
      const [whole, path] = [folder.file('unedited.mp4'), folder.file('edited.mp4')];
      await clips.ffmpeg(...textured('160x120', 2), ...H264, '-g', '250', whole);
      const edits = [
        { seconds: 0.4, from: null },
        { seconds: 0.36, from: 0 },
        { seconds: 0.3, from: null },
        { seconds: 0.5, from: 1 },
      ];
      await writeFile(path, withEdits(await readFile(whole), edits));
      return path;
    },
    null,
  ],
  [
    'frames of one tick each',
    async () => {
      const path = folder.file('tick.mp4');
      const clip = ['-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=24:d=1'];
      await clips.ffmpeg(...clip, ...H264, '-video_track_timescale', '24', path);
      return path;
    },
    24,
  ],
  [
    'a pause of days',
    async () => {
      const path = folder.file('pause.mkv');
      const pause = ['-vf', "setpts='N/TB/25+gte(N,12)*500000/TB'", '-fps_mode', 'passthrough'];
      await clips.ffmpeg(...textured('160x120'), ...pause, ...H264, '-bf', '0', path);
      return path;
    },
    25,
  ],
  [
    '10-bit 4:2:2 with an alpha channel beside it in ProRes',
    async () => {
      const path = folder.file('prores.mov');
      const prores = ['-c:v', 'prores_ks', '-profile:v', '4444', '-pix_fmt', 'yuva444p10le'];
      await clips.ffmpeg(...textured('160x120', 0.4), ...prores, path);
      return path;
    },
    10,
  ],
];

describe.each(kinds)('%s', (_name, make, frames) => {
  let path: string;
  let found: VideoProbe;
  let shown: string[];
  beforeAll(async () => {
    path = await make();
    found = await probe(path);
    shown = await shownFrames(path, 'gray');
  });

  it('counts what a player shows', () => {
    expect(found.frameCount).toBe(shown.length);
    if (frames !== null) expect(found.frameCount).toBe(frames);
  });

  it('gives frame n for index n, also in steps and from the middle', async () => {
    const [from, end] = [Math.floor(shown.length / 3), shown.length];
    const whole = { start: 0, end, step: 1 };
    const some = { start: from, end, step: 3 };
    for (const plan of [whole, some]) {
      const stream = openFrameStream({ path, probe: found, plan, workingSize: SIZE, format: 'gray', tools });
      let expected = plan.start;
      for await (const { index, data } of stream) {
        expect(index).toBe(expected);
        expect(sumOf(data)).toBe(shown[index]);
        expected += plan.step;
      }
      expect(expected).toBeGreaterThanOrEqual(end);
    }
  });

  it('shows the same image for a single index', async () => {
    const images = await shownFrames(path, 'rgb24');
    const indices = [1, Math.floor(shown.length / 2), shown.length - 1];
    const seen: number[] = [];
    for await (const { index, data } of decodeImages({
      path,
      probe: found,
      indices,
      workingSize: SIZE,
      tools,
    })) {
      seen.push(index);
      expect(sumOf(data)).toBe(images[index]);
    }
    expect(seen).toEqual(indices);
  });

  it('is the same for a job', async () => {
    const { width, height, frameCount, frameSource } = found;
    const stored = { width, height, frameCount, frameSource };
    const again = await probeStoredVideo(path, stored, { tools, decode: 'all' });
    expect(again).toEqual(found);
    const old = await probeStoredVideo(
      path,
      { width, height, frameCount: frameCount + 5 },
      { tools, decode: 'all' },
    );
    expect(old).toEqual(found);
  });
});

describe('sizes', () => {
  it.each([
    ['libx264', 'mp4', '854x480'],
    ['libx264', 'mp4', '722x1282'],
    ['libvpx', 'webm', '482x640'],
    ['libvpx-vp9', 'webm', '38x1000'],
  ])('takes %s in %s of %s again with the size it was stored with', async (codec, container, size) => {
    const path = folder.file(`${codec}-${size}.${container}`);
    await clips.ffmpeg(...textured(size, 0.2), '-c:v', codec, '-pix_fmt', 'yuv420p', path);
    const found = await probe(path);
    expect(`${found.width}x${found.height}`).toBe(size);
    expect(await probeStoredVideo(path, found, { tools, decode: 'all' })).toEqual(found);
  });

  it('accepts a video of just the limit whose rows FFmpeg rounds up', async () => {
    const path = folder.file('just.mp4');
    await clips.ffmpeg(...textured('722x482', 0.2), ...H264, path);
    const limits = { maxPixels: 722 * 482, maxFrames: 5 };
    expect(await probeVideo(path, { tools, limits })).toMatchObject({
      width: 722,
      height: 482,
      frameCount: 5,
    });
  });

  it('refuses sides below 16 pixels', async () => {
    const path = folder.file('small.mkv');
    await clips.ffmpeg(...textured('64x14', 0.2), '-c:v', 'ffv1', path);
    await expect(probe(path)).rejects.toMatchObject({ code: 'VIDEO_TOO_SMALL', kind: 'invalid' });
  });
});
