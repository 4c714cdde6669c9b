import { createHash } from 'node:crypto';
import { copyFile, open, stat } from 'node:fs/promises';
import { locateFfmpeg, type FfmpegTools } from '../../../src/media/ffmpeg-locate.js';
import { decodeImages } from '../../../src/media/frame-image.js';
import type { FrameRange } from '../../../src/media/frame-plan.js';
import { openFrameStream, type Frame } from '../../../src/media/frame-stream.js';
import { probeVideo, type VideoProbe } from '../../../src/media/probe.js';
import * as clips from '../../factories/videos/clips.js';

const LIMITS = { maxPixels: 4096 * 4096, maxFrames: 100_000 };
let folder: clips.ClipFolder;
let tools: FfmpegTools;

beforeAll(async () => {
  folder = await clips.makeClipFolder();
  tools = await locateFfmpeg();
});
afterAll(() => folder.remove());

async function collect(stream: AsyncIterable<Frame>): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of stream) frames.push(frame);
  return frames;
}

/** Opens a range of grey frames in the clip's own size. */
function grayFrames(
  path: string,
  probe: VideoProbe,
  plan: FrameRange,
  signal?: AbortSignal,
): AsyncGenerator<Frame, void> {
  return openFrameStream({ path, probe, plan, workingSize: probe, format: 'gray', tools, signal });
}

const sound = ['-f', 'lavfi', '-i', 'sine=d=4'];
const kinds: readonly (readonly [name: string, file: string, encoder: readonly string[]])[] = [
  ['B-frames in MP4', 'b.mp4', clips.H264_B_FRAMES],
  ['open GOP in MP4', 'open.mp4', clips.H264_OPEN_GOP],
  ['open GOP in MKV', 'open.mkv', clips.H264_OPEN_GOP],
  ['variable rate in MP4', 'vfr.mp4', [...clips.VARIABLE_RATE, ...clips.H264_B_FRAMES]],
  ['variable rate in MKV', 'vfr.mkv', [...clips.VARIABLE_RATE, ...clips.H264_OPEN_GOP]],
  [
    'VP9 in WebM',
    'v.webm',
    ['-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '10', '-g', '20', '-cpu-used', '8', '-deadline', 'realtime'],
  ],
  ['MPEG-4 with B-frames in AVI', 'b.avi', ['-c:v', 'mpeg4', '-q:v', '1', '-bf', '2', '-g', '20']],
  ['H.264 with B-frames in AVI', 'h.avi', clips.H264_B_FRAMES],
  [
    '30000/1001 frames a second in MKV',
    'ntsc.mkv',
    ['-vf', 'setpts=N*1001/30000/TB', '-r', '30000/1001', ...clips.H264_B_FRAMES],
  ],
];

describe.each(kinds)('%s', (_name, file, encoder) => {
  let path: string;
  let probe: VideoProbe;
  beforeAll(async () => {
    path = folder.file(file);
    await clips.ffmpeg(...clips.numberedFrames(90), ...encoder, path);
    probe = await probeVideo(path, { tools, limits: LIMITS });
  });

  it('counts 90 frames', () => expect(probe.frameCount).toBe(90));

  // Starts on key frames (20, 40), one after, one before, and in the B-frames around them.
  it.each([
    { start: 0, end: 90, step: 1 },
    { start: 1, end: 8, step: 1 },
    { start: 17, end: 24, step: 1 },
    { start: 18, end: 90, step: 7 },
    { start: 19, end: 21, step: 1 },
    { start: 20, end: 45, step: 5 },
    { start: 21, end: 22, step: 1 },
    { start: 38, end: 90, step: 13 },
    { start: 39, end: 41, step: 1 },
    { start: 89, end: 90, step: 1 },
  ])('gives exactly frames $start to $end in steps of $step', async (plan) => {
    const expected: number[] = [];
    for (let n = plan.start; n < plan.end; n += plan.step) expected.push(n);
    const frames = await collect(grayFrames(path, probe, plan));
    expect(frames.map(({ data }) => clips.numberOf(data))).toEqual(expected);
    expect(frames.map(({ index }) => index)).toEqual(expected);
  });

  it('decodes single images in colour, sorted and once each', async () => {
    const indices = [77, 0, 39, 40, 39];
    const frames = [];
    for await (const frame of decodeImages({ path, probe, indices, workingSize: probe, tools }))
      frames.push(frame);
    expect(frames.map(({ index }) => index)).toEqual([0, 39, 40, 77]);
    expect(frames.map(({ data }) => clips.numberOf(data))).toEqual([0, 39, 40, 77]);
    expect(frames[0].data).toHaveLength(64 * 48 * 3);
  });
});

describe('frame times', () => {
  it('follow the presentation times of a variable-rate clip', async () => {
    const path = folder.file('times.mp4');
    await clips.ffmpeg(...clips.numberedFrames(40), ...clips.VARIABLE_RATE, ...clips.H264_B_FRAMES, path);
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    expect(probe.constantRate).toBe(false);
    const frames = await collect(grayFrames(path, probe, { start: 8, end: 40, step: 3 }));
    for (const { index, timeSeconds } of frames)
      expect(timeSeconds).toBeCloseTo(clips.variableTime(index), 4);
  });

  it('are index / rate on a constant-rate clip whose sound starts half a second earlier', async () => {
    const path = folder.file('late.mp4');
    const late = ['-itsoffset', '0.5', ...clips.numberedFrames(60)];
    await clips.ffmpeg(
      ...late,
      ...sound,
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-fps_mode',
      'passthrough',
      ...clips.H264_B_FRAMES,
      path,
    );
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    expect(probe.startOffsetSeconds).toBeCloseTo(0.5, 1);
    const frames = await collect(grayFrames(path, probe, { start: 25, end: 60, step: 10 }));
    expect(frames.map(({ timeSeconds }) => timeSeconds)).toEqual([1, 1.4, 1.8, 2.2]);
    expect(frames.map(({ data }) => clips.numberOf(data))).toEqual([25, 35, 45, 55]);
  });
});

describe('frame stream', () => {
  it('does not bill or deliver frames that an edit list cuts away', async () => {
    const whole = folder.file('whole.mp4');
    const path = folder.file('trimmed.mp4');
    await clips.ffmpeg(...clips.numberedFrames(90), ...clips.H264_B_FRAMES, whole);
    // A stream copy starts at the key frame 20 and hides 20..29 by its edit list.
    await clips.ffmpeg('-ss', '1.2', '-i', whole, '-c', 'copy', path);
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    const frames = await collect(grayFrames(path, probe, { start: 0, end: probe.frameCount, step: 1 }));
    expect(frames.map(({ data }) => clips.numberOf(data))).toEqual(
      Array.from({ length: 60 }, (_, n) => 30 + n),
    );
  });

  it('equals the frames of a decode from the beginning, byte for byte (framemd5)', async () => {
    const path = folder.file('texture.mp4');
    await clips.ffmpeg(...clips.texturedFrames(70), ...clips.H264_OPEN_GOP, path);
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    const sums = await clips.frameSums(path, { width: 80, height: 60, format: 'gray' });
    const options = { path, probe, workingSize: { width: 80, height: 60 }, format: 'gray' as const, tools };
    const frames = await collect(openFrameStream({ ...options, plan: { start: 33, end: 70, step: 4 } }));
    expect(frames).toHaveLength(10);
    for (const { index, data } of frames)
      expect(createHash('md5').update(data).digest('hex')).toBe(sums[index]);
  });

  it('turns the frames of a rotated video upright', async () => {
    const upright = folder.file('upright.mp4');
    const path = folder.file('rotated.mp4');
    // Left half black, right half white; a quarter turn clockwise brings the left side to the top.
    const halves = [
      '-f',
      'lavfi',
      '-i',
      "color=black:s=64x48:r=25:d=0.4,format=gray,geq=lum='if(lt(X,32),16,235)',format=yuv420p",
    ];
    await clips.ffmpeg(...halves, ...clips.H264_B_FRAMES, upright);
    await clips.ffmpeg('-i', upright, '-metadata:s:v', 'rotate=90', '-c', 'copy', path);
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    expect(probe).toMatchObject({ width: 48, height: 64 });
    const [frame] = await collect(grayFrames(path, probe, { start: 0, end: 1, step: 1 }));
    const top = clips.numberOf(frame.data.subarray(0, 48 * 16));
    const bottom = clips.numberOf(frame.data.subarray(48 * 48));
    expect([top, bottom].sort((a, b) => a - b)[1] - Math.min(top, bottom)).toBeGreaterThan(80);
    expect(probe.rotation === 90 ? top < bottom : top > bottom).toBe(true);
  });
});

describe('a video that was damaged after its upload', () => {
  it('fails with FRAMES_MISSING naming both numbers', async () => {
    const path = folder.file('damaged.mp4');
    await clips.ffmpeg(...clips.texturedFrames(60), ...clips.H264_B_FRAMES, '-movflags', '+faststart', path);
    const probe = await probeVideo(path, { tools, limits: LIMITS });
    const { size } = await stat(path);
    const copy = folder.file('damaged-copy.mp4');
    await copyFile(path, copy);
    await using file = await open(copy, 'r+');
    await file.truncate(Math.floor(size * 0.6));
    await expect(collect(grayFrames(copy, probe, { start: 0, end: 60, step: 1 }))).rejects.toMatchObject({
      code: 'FRAMES_MISSING',
      kind: 'invalid',
      details: { planned: 60 },
    });
  });
});

describe('ending early', () => {
  let path: string;
  let probe: VideoProbe;
  beforeAll(async () => {
    path = folder.file('long.mp4');
    const long = ['-f', 'lavfi', '-i', 'testsrc2=s=640x480:r=25:d=20'];
    await clips.ffmpeg(...long, ...clips.H264_B_FRAMES, '-preset', 'ultrafast', path);
    probe = await probeVideo(path, { tools, limits: LIMITS });
  });

  it('throws the reason of the abort signal and gives no frame after it', async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { index } of grayFrames(path, probe, { start: 0, end: 500, step: 1 }, abort.signal)) {
        seen.push(index);
        if (index === 3) abort.abort(new Error('cancelled by the user'));
      }
    })();
    await expect(reading).rejects.toThrow('cancelled by the user');
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('leaves no decoder behind after a break', async () => {
    const decodersOf = async () =>
      (await clips.runningCommands()).filter((line) => line.includes(path) && line.includes('rawvideo'));
    for await (const { index } of grayFrames(path, probe, { start: 0, end: 500, step: 1 })) {
      expect(await decodersOf()).toHaveLength(1);
      if (index === 2) break;
    }
    expect(await decodersOf()).toEqual([]);
  });

  it('hands out a buffer of its own for every frame', async () => {
    const frames = await collect(grayFrames(path, probe, { start: 0, end: 5, step: 1 }));
    expect(new Set(frames.map(({ data }) => data.buffer)).size).toBe(5);
    for (const { data } of frames) expect(data.buffer.byteLength).toBe(640 * 480);
  });
});
