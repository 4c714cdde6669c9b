import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateFfmpeg, type FfmpegTools } from '../../../src/media/ffmpeg-locate.js';
import { openFrameStream } from '../../../src/media/frame-stream.js';
import { probeVideo } from '../../../src/media/probe.js';
import { VideoWriter } from '../../../src/media/video-writer.js';

const SIZE = { width: 64, height: 48 };
let folder: string;
let tools: FfmpegTools;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writer-'));
  tools = await locateFfmpeg();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('VideoWriter', () => {
  it('writes every frame once, in order, though the caller draws on one buffer', async () => {
    const path = join(folder, 'grey.mp4');
    const writer = new VideoWriter({ path, size: SIZE, fps: 10, tools });
    const buffer = new Uint8Array(64 * 48 * 3);
    for (let k = 0; k < 12; k++) await writer.write(buffer.fill(20 * k));
    await writer.finish();
    const probe = await probeVideo(path, { tools, limits: { maxPixels: 10_000, maxFrames: 100 } });
    expect(probe).toMatchObject({ ...SIZE, frameCount: 12 });
    const middles: number[] = [];
    const plan = { start: 0, end: 12, step: 1 };
    for await (const { data } of openFrameStream({
      path,
      probe,
      plan,
      workingSize: SIZE,
      format: 'gray',
      tools,
    }))
      middles.push(data[24 * 64 + 32]);
    middles.forEach((value, k) => expect(Math.abs(value - 20 * k)).toBeLessThanOrEqual(6));
  });

  it('tells what FFmpeg had against it', async () => {
    const path = join(folder, 'no-such-folder', 'a.mp4');
    const writer = new VideoWriter({ path, size: SIZE, fps: 10, tools });
    for (let k = 0; k < 200; k++) await writer.write(new Uint8Array(64 * 48 * 3));
    await expect(writer.finish()).rejects.toMatchObject({ code: 'VIDEO_NOT_WRITTEN', kind: 'internal' });
  });

  it('ends with the abort reason', async () => {
    const abort = new AbortController();
    const options = { path: join(folder, 'b.mp4'), size: SIZE, fps: 10, tools, signal: abort.signal };
    const writer = new VideoWriter(options);
    await writer.write(new Uint8Array(64 * 48 * 3));
    abort.abort(new Error('cancelled'));
    await expect(writer.finish()).rejects.toThrow('cancelled');
    await writer.stop();
  });
});
