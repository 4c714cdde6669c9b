import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { resultFilesOf } from '../../../src/domain/result.js';
import { openFiller } from '../../../src/tasks/inpainting/fill.js';
import type { Filler, OpenFiller } from '../../../src/tasks/inpainting/filler.js';
import {
  gradient,
  pngOf,
  rectangleMask,
  runInpainting,
  type PairOnDisk,
} from '../../support/inpainting-run.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';

const run = promisify(execFile);
const size = { width: 96, height: 64 };
const box = { left: 40, top: 20, right: 60, bottom: 40 };
const truth = gradient(size.width, size.height);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-fills-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pair(name: string, mask = rectangleMask(size, box), source?: Buffer): Promise<PairOnDisk> {
  const files = { source: path.join(folder, `${name}.png`), mask: path.join(folder, `${name}-mask.png`) };
  await writeFile(files.source, source ?? (await pngOf(truth, size)));
  await writeFile(files.mask, await pngOf(mask, size));
  return { ...files, ...size };
}

/** A fill of one colour, so that it is plain which pixels came from it. */
const pinkFiller: OpenFiller = async ({ device }) => ({
  device: { requested: device, used: 'cpu', reason: 'a stand-in', attempts: [] },
  network: null,
  fill: async ({ image, mask, variants }) => {
    const paint = (colour: number[]) => {
      const out = Uint8Array.from(image.data);
      mask.data.forEach((value, pixel) => value > 0 && out.set(colour, 3 * pixel));
      return { ...image, data: out };
    };
    const answer = { method: 'pink', image: paint([255, 0, 255]) };
    const other = { method: 'white', image: paint([255, 255, 255]) };
    return { images: variants === 2 ? [answer, other] : [answer], timings: { fillMs: 1 }, warnings: [] };
  },
  release: () => undefined,
});

const rawOf = (image: Buffer) => sharp(image).removeAlpha().raw().toBuffer();

/** Distance of a pixel to the hole, 0 inside. */
function distance(pixel: number): number {
  const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
  return Math.hypot(
    Math.max(box.left - x, 0, x - box.right + 1),
    Math.max(box.top - y, 0, y - box.bottom + 1),
  );
}

describe('inpainting of images', () => {
  it('fills a smooth image to what was there, and leaves every other pixel as it was', async () => {
    const { result, progress, file } = await runInpainting(openFiller, [await pair('smooth')], {
      parameters: { modelId: 'pushpull', grow: 3 },
    });
    expect(result.json).toMatchObject({ counts: { items: 1, filled: 1, failed: 0 } });
    expect(result.units).toEqual({ 'inference.image': 1, 'inference.video_frame': 0 });
    const out = await rawOf(await file(1));
    let worst = 0;
    for (let at = 0; at < truth.length; at += 1) {
      const gap = Math.abs(out[at] - truth[at]);
      if (distance(Math.floor(at / 3)) > 3) expect(gap).toBe(0);
      worst = Math.max(worst, gap);
    }
    expect(worst).toBeLessThan(25);
    expect(progress.at(-1)).toMatchObject({ stage: 'report' });
    expect(progress.map(({ percent }) => percent)).toEqual(
      [...progress.map(({ percent }) => percent)].sort((a, b) => a - b),
    );
    const sheet = await sharp(await file('before_after.jpg')).metadata();
    expect(sheet.format).toBe('jpeg');
  });

  it.each([
    ['replace', {}, (d: number) => (d <= 3 ? 1 : 0)],
    ['feather', {}, (d: number) => (d <= 3 ? Math.min(1, (4 - d) / 4) : 0)],
    ['replace', { grow: 0 }, (d: number) => (d === 0 ? 1 : 0)],
  ])('blend mode %s %j takes the fill where it should', async (blendMode, more, share) => {
    const { file } = await runInpainting(pinkFiller, [await pair('blend')], {
      parameters: { blendMode, ...more },
    });
    const out = await rawOf(await file(1));
    for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
      const part = share(distance(pixel));
      const wanted = truth[3 * pixel + 1] * (1 - part);
      expect(Math.abs(out[3 * pixel + 1] - wanted)).toBeLessThanOrEqual(1.5);
    }
  });

  it('lighten keeps the lighter of both inside the hole', async () => {
    const { file } = await runInpainting(pinkFiller, [await pair('lighten')], {
      parameters: { blendMode: 'lighten', grow: 0 },
    });
    const out = await rawOf(await file(1));
    const centre = 30 * size.width + 50;
    expect([...out.subarray(3 * centre, 3 * centre + 3)]).toEqual([255, truth[3 * centre + 1], 255]);
    expect(out[0]).toBe(truth[0]);
  });

  it('poisson takes the step at the seam away', async () => {
    const flat = Uint8Array.from({ length: truth.length }, () => 100);
    const source = await pngOf(flat, size);
    const { file } = await runInpainting(pinkFiller, [await pair('poisson', undefined, source)], {
      parameters: { blendMode: 'poisson' },
    });
    // A fill of one colour has no gradients, so the surroundings decide everything.
    const out = await rawOf(await file(1));
    for (const value of out) expect(Math.abs(value - 100)).toBeLessThanOrEqual(2);
  });

  it.each([
    ['jpg', 'image/jpeg', /^\xff\xd8\xff/],
    ['webp', 'image/webp', /^RIFF.{4}WEBP/s],
  ])('writes %s', async (outputFormat, type, head) => {
    const { result, file } = await runInpainting(pinkFiller, [await pair('format')], {
      parameters: { outputFormat },
    });
    const name = `format.${outputFormat}`;
    expect(resultFilesOf(result)[0]).toMatchObject({ name, type });
    expect((await file(name)).toString('latin1', 0, 12)).toMatch(head);
  });

  it('delivers the other fill as well, and keeps alpha but for the filled part', async () => {
    const clear = await sharp(truth, { raw: { ...size, channels: 3 } })
      .ensureAlpha(0.5)
      .png()
      .toBuffer();
    const { result, file } = await runInpainting(pinkFiller, [await pair('alpha', undefined, clear)], {
      parameters: { variants: 2, blendMode: 'replace' },
    });
    expect(resultFilesOf(result).map(({ name, method }) => [name, method])).toEqual([
      ['alpha.png', 'pink'],
      ['alpha_variant_2.png', 'white'],
      ['before_after.jpg', undefined],
    ]);
    const alpha = await sharp(await file(1))
      .extractChannel('alpha')
      .raw()
      .toBuffer();
    expect(alpha[0]).toBe(127);
    expect(alpha[30 * size.width + 50]).toBe(255);
  });

  it('crops, tiles and a smaller copy leave known pixels alone too', async () => {
    const large = { width: 1300, height: 700 };
    const image = gradient(large.width, large.height);
    const mask = rectangleMask(large, { left: 1000, top: 300, right: 1060, bottom: 340 });
    rectangleMask(large, { left: 100, top: 100, right: 120, bottom: 160 }).forEach(
      (value, at) => value && (mask[at] = value),
    );
    const files = { source: path.join(folder, 'large.png'), mask: path.join(folder, 'large-mask.png') };
    await writeFile(files.source, await pngOf(image, large));
    await writeFile(files.mask, await pngOf(mask, large));
    for (const strategy of ['crop', 'tile', 'resize', 'original']) {
      const { result, file } = await runInpainting(openFiller, [{ ...files, ...large }], {
        parameters: { modelId: 'pushpull', strategy, grow: 0 },
      });
      expect(result.json).toMatchObject({ items: [{ strategy, status: 'filled' }] });
      const out = await rawOf(await file(1));
      let worst = 0;
      for (let at = 0; at < out.length; at += 1) {
        const gap = Math.abs(out[at] - image[at]);
        if (mask[Math.floor(at / 3)] === 0 && gap > 0)
          throw new Error(`${strategy} changed known byte ${at}`);
        worst = Math.max(worst, gap);
      }
      expect(worst).toBeLessThan(30);
    }
  });

  it('a mask without hole makes a copy that costs nothing; a bad item does not lose the others', async () => {
    const broken = await pair('broken');
    await writeFile(broken.source, 'no image any more');
    const empty = await pair('empty', new Uint8Array(size.width * size.height));
    const { result, file } = await runInpainting(pinkFiller, [await pair('good'), empty, broken]);
    expect(result.json).toMatchObject({ counts: { items: 3, filled: 1, copied: 1, failed: 1 } });
    expect(result.units).toEqual({ 'inference.image': 1, 'inference.video_frame': 0 });
    expect(Buffer.compare(await rawOf(await file(2)), Buffer.from(truth))).toBe(0);
    await expect(runInpainting(pinkFiller, [broken])).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const waiting: OpenFiller = async (options) => {
      const filler: Filler = await pinkFiller(options);
      return {
        ...filler,
        fill: (request) => {
          stop.abort(new Error('cancelled'));
          request.signal.throwIfAborted();
          return filler.fill(request);
        },
      };
    };
    const running = runInpainting(waiting, [await pair('stop')], { signal: stop.signal });
    await expect(running).rejects.toThrow('cancelled');
  });
});

describe('inpainting of videos', () => {
  const video = { frames: 30, fps: 15 };

  async function clip(
    name: string,
    options: Partial<Parameters<typeof makeTestVideo>[0]> = {},
  ): Promise<string> {
    const out = path.join(folder, name);
    await makeTestVideo({ out, ...size, ...video, audio: true, ...options });
    return out;
  }

  async function frame(file: string, index: number, format = 'rgb24'): Promise<Buffer> {
    const select = ['-vf', `select=eq(n\\,${index})`, '-frames:v', '1'];
    const { stdout } = await run(
      'ffmpeg',
      ['-v', 'error', '-i', file, ...select, '-f', 'rawvideo', '-pix_fmt', format, '-'],
      { encoding: 'buffer' },
    );
    return stdout;
  }

  async function facts(file: string): Promise<unknown> {
    const entries = 'stream=codec_name,codec_type,width,height,pix_fmt,nb_read_frames,avg_frame_rate';
    const { stdout } = await run('ffprobe', [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      entries,
      '-of',
      'json',
      file,
    ]);
    return JSON.parse(stdout);
  }

  /** The source encoded as results are, without being touched: what the codec alone makes of it. */
  async function encodedAgain(source: string): Promise<string> {
    const out = path.join(folder, 'again.mp4');
    const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '16', '-pix_fmt', 'yuv420p'];
    await run('ffmpeg', ['-v', 'error', '-y', '-i', source, '-an', ...codec, '-threads', '1', out]);
    return out;
  }

  /** Mean difference of brightness where it is at least 8 pixels to the hole, and of colour in its first 8 rows. */
  function strayOf(one: Buffer, other: Buffer): { luma: number; chroma: number } {
    const pixels = size.width * size.height;
    const far = Array.from({ length: pixels }, (_, pixel) => pixel).filter((pixel) => distance(pixel) >= 8);
    const mean = (places: readonly number[]) =>
      places.reduce((sum, at) => sum + Math.abs(one[at] - other[at]), 0) / places.length;
    const rows = Array.from({ length: (size.width / 2) * 4 }, (_, at) => pixels + at);
    return { luma: mean(far), chroma: mean(rows) };
  }

  it('every frame is filled; size, rate, sound and the rest of the image stay', async () => {
    const source = await clip('moving.mp4');
    const { mask } = await pair('moving');
    const { result, file } = await runInpainting(pinkFiller, [{ source, mask, ...size, video }]);
    expect(result.units).toEqual({ 'inference.image': 0, 'inference.video_frame': 2 });
    expect(result.json).toMatchObject({
      items: [{ status: 'filled', frames: 30, facts: { fps: 15, filledFrames: 30 } }],
    });
    const bytes = await file(1);
    // The index comes before the images, so a browser plays while it loads.
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    const out = path.join(folder, 'out.mp4');
    await writeFile(out, bytes);
    expect(await facts(out)).toMatchObject({
      streams: [
        { codec_name: 'h264', pix_fmt: 'yuv420p', ...size, nb_read_frames: '30', avg_frame_rate: '15/1' },
        { codec_type: 'audio' },
      ],
    });
    const again = await encodedAgain(source);
    for (const index of [0, 14, 29]) {
      const [before, untouched, filled] = await Promise.all(
        [source, again, out].map((video) => frame(video, index, 'yuv420p')),
      );
      // Outside of the hole no more is lost than the codec takes (which spends its bits a little differently).
      const [stray, codec] = [strayOf(before, filled), strayOf(before, untouched)];
      expect(stray.luma).toBeLessThan(1.15 * codec.luma);
      expect(stray.chroma).toBeLessThan(1.15 * codec.chroma);
      const after = await frame(out, index);
      const centre = 3 * (30 * size.width + 50);
      expect(after[centre]).toBeGreaterThan(200);
      expect(after[centre + 1]).toBeLessThan(60);
    }
  });

  it('a mask video is followed in time; where it is black nothing is filled', async () => {
    const source = await clip('masked.mp4', { audio: false });
    const mask = await clip('mask.mp4', {
      audio: false,
      source: 'color=c=black',
      filter: `drawbox=x=${box.left}:y=${box.top}:w=20:h=20:color=white:t=fill:enable='lt(t,1)'`,
    });
    const { result, file } = await runInpainting(
      pinkFiller,
      [{ source, mask, ...size, video, maskFrames: 30 }],
      {
        // By itself, or the hole would be filled from the frames in which there is none.
        parameters: { outputFormat: 'avi', temporal: false },
      },
    );
    expect(result.json).toMatchObject({ items: [{ facts: { filledFrames: 15 } }] });
    const out = path.join(folder, 'out.avi');
    await writeFile(out, await file(1));
    const centre = 3 * (30 * size.width + 50);
    const green = async (index: number) => (await frame(out, index))[centre + 1];
    expect(await green(14)).toBeLessThan(60);
    const original = await frame(source, 16);
    expect(Math.abs((await green(16)) - original[centre + 1])).toBeLessThan(40);
  });
});
