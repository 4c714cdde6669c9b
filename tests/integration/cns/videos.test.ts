import * as clips from '../../factories/videos/clips.js';
import { runCns } from '../../support/cns-run.js';

let folder: clips.ClipFolder;
beforeAll(async () => {
  folder = await clips.makeClipFolder();
});
afterAll(() => folder.remove());

const FRAMES = 4;
const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:pools=1'];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'];

/** Sides that are no multiple of the 64 pixels by which FFmpeg rounds rows, and the extremes. */
const videos: readonly (readonly [
  size: string,
  ending: string,
  encoder: readonly string[],
  detector: string,
])[] = [
  ['16x16', 'mp4', ['-c:v', 'libx264', '-preset', 'ultrafast'], 'ORB'],
  ['854x480', 'mp4', ['-c:v', 'libx264', '-preset', 'ultrafast'], 'ORB'],
  ['720x1280', 'mp4', ['-c:v', 'libx264', '-preset', 'ultrafast'], 'SIFT'],
  ['18x2000', 'mkv', HEVC, 'ORB'],
  ['1080x1920', 'mov', [...HEVC, '-tag:v', 'hvc1'], 'ORB'],
  ['480x640', 'webm', VP9, 'ORB'],
  ['98x50', 'webm', ['-c:v', 'libvpx', '-deadline', 'realtime'], 'SIFT'],
  ['2000x18', 'avi', ['-c:v', 'mpeg4'], 'ORB'],
];

describe('videos', () => {
  it.each(videos)(
    'a job over %s in %s completes and bills the frames that it processed',
    async (...video) => {
      const [size, ending, encoder, detector] = video;
      const file = folder.file(`${size}.${ending}`);
      const source = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=${FRAMES / 25}`];
      await clips.ffmpeg(...source, '-pix_fmt', 'yuv420p', ...encoder, file);
      const { stored, captured, frames } = await runCns(file, { parameters: { detector } });
      expect([stored, captured, frames.length]).toEqual([FRAMES, FRAMES, FRAMES]);
      for (const { velocity, reason } of frames) expect(velocity === null).toBe(reason !== null);
    },
  );

  it('loses all frames of a video without texture, with the reason, and completes', async () => {
    const file = folder.file('plain.mp4');
    await clips.ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=64x48:r=25:d=0.2', ...clips.H264_B_FRAMES, file);
    const { frames, captured } = await runCns(file, { parameters: { preview: true } });
    expect(captured).toBe(5);
    for (const { velocity, reason } of frames)
      expect([velocity, reason]).toEqual([null, 'GOAL_TOO_FEW_POINTS']);
  });

  describe('a video that was counted by its packets', () => {
    it('is processed and billed for the frames that exist', async () => {
      const file = folder.file('packets.mp4');
      await clips.ffmpeg(...clips.texturedFrames(6), ...clips.H264_B_FRAMES, file);
      const run = await runCns(file, { stored: { frameCount: 9, frameSource: undefined } });
      expect(run).toMatchObject({ stored: 9, held: 9, captured: 6 });
      expect(run.frames.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(run.warnings).toEqual([
        'Video "packets.mp4" has 6 frames that can be decoded, 9 were counted when it was stored.',
        expect.stringContaining('The goal is its last frame, 5.'),
      ]);
    });

    it('fails where none of the planned frames exists', async () => {
      const file = folder.file('packets.mp4');
      const stored = { frameCount: 9, frameSource: undefined };
      await expect(runCns(file, { stored, input: { startFrame: 7 } })).rejects.toMatchObject({
        code: 'FRAME_RANGE',
        kind: 'invalid',
      });
    });
  });

  describe('pixels that are not square', () => {
    it('are stretched as a player does, and the velocities are those of the square image', async () => {
      const [square, narrow] = [folder.file('square.mp4'), folder.file('narrow.mp4')];
      const lossless = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '0', '-pix_fmt', 'yuv420p'];
      // A blurred random image under a window that moves to the right and down.
      const texture = "nullsrc=s=480x320:r=25:d=0.04,geq=lum='random(1)*255':cb=128:cr=128,gblur=sigma=3";
      const moving = "loop=loop=3:size=1,setpts=N/25/TB,crop=320:240:x='20+12*n':y='20+6*n',eq=contrast=4";
      await clips.ffmpeg('-f', 'lavfi', '-i', `${texture},${moving}`, '-frames:v', '3', ...lossless, square);
      // Three quarters of the width, each pixel 4/3 as wide as it is high: the same scene on the screen.
      await clips.ffmpeg('-i', square, '-vf', 'scale=240:240:flags=lanczos,setsar=4/3', ...lossless, narrow);
      const parameters = { detector: 'SIFT', policy: 'ibvs' };
      const [one, other] = [await runCns(square, { parameters }), await runCns(narrow, { parameters })];
      expect(other.camera.workingSize).toEqual({ width: 320, height: 240 });
      // Pixels of the stored image: u' = u * 240 / 320, so fx' = fx * 3 / 4 and fy' = fy = 0.84 * 320.
      expect(other.camera.intrinsics.fx).toBeCloseTo((0.84 * 320 * 3) / 4, 9);
      expect(other.camera.intrinsics.fy).toBeCloseTo(0.84 * 320, 9);
      const speed = (velocity: readonly number[]) => Math.hypot(...velocity);
      const [first, second] = [one.frames[0].velocity ?? [], other.frames[0].velocity ?? []];
      const difference = speed(first.map((value, axis) => value - second[axis]));
      expect(first).toHaveLength(6);
      expect(difference).toBeLessThan(0.1 * speed(first));
    });
  });

  it('takes the focal length of a portrait video from its longer side', async () => {
    const file = folder.file('portrait.mp4');
    await clips.ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=180x320:r=25:d=0.12', ...clips.H264_B_FRAMES, file);
    const { camera } = await runCns(file);
    expect(camera.intrinsics).toMatchObject({ fx: 0.84 * 320, fy: 0.84 * 320 });
  });
});
