import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { MatchImages } from '../../../../../src/tasks/cns/report/match-images.js';
import { RgbCanvas } from '../../../../../src/tasks/drawing/rgb-canvas.js';

const grey = (width: number, height: number, value: number) => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(value),
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-match-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('images of matches', () => {
  it('stand side by side, joined by their matches, one file for each wanted frame', async () => {
    const matchesOf = (frame: number) => ({
      frame,
      goal: Float32Array.of(40, 30),
      current: Float32Array.of(60, 90),
      inliers: 1,
      matches: 2,
    });
    const [goal, current] = [grey(160, 120, 60), grey(200, 120, 200)];
    const matches = [matchesOf(3), matchesOf(8)];
    const images = await MatchImages.start({ folder, goal, current, matches });
    for (const frame of [3, 5, 8]) await images.offer(frame, current);
    expect(images.written).toEqual(['matches/frame-000003.jpg', 'matches/frame-000008.jpg']);
    const file = path.join(folder, images.written[1]);
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([160 + 8 + 200, 120 + 30]);
    const saturation = (x: number, y: number): number => {
      const at = 3 * (y * info.width + x);
      const channels = [data[at], data[at + 1], data[at + 2]];
      return Math.max(...channels) - Math.min(...channels);
    };
    const brightness = (x: number, y: number): number => data[3 * (y * info.width + x)];
    expect(brightness(150, 10)).toBeCloseTo(60, -1);
    expect(brightness(164, 60)).toBeGreaterThan(240);
    expect(brightness(360, 10)).toBeCloseTo(200, -1);
    // JPEG keeps a quarter of the colours. In the middle between the ends (40, 30) and (168 + 60, 90) there is the line; both ends lie in rings around them.
    expect(saturation(134, 60)).toBeGreaterThan(35);
    for (const x of [40, 228]) expect(saturation(x + 3, x === 40 ? 30 : 90)).toBeGreaterThan(35);
    expect(saturation(134, 20)).toBeLessThan(15);
    // White letters on the dark strip below.
    const strip = Array.from({ length: info.width }, (_, x) => brightness(x, 135));
    expect(Math.min(...strip)).toBeLessThan(60);
    expect(Math.max(...strip)).toBeGreaterThan(150);
  });
});

describe('a canvas', () => {
  it('gives a smooth line between two rows half of its colour in each', () => {
    const canvas = new RgbCanvas(20, 10);
    canvas.line([2, 4.5], [17, 4.5], [200, 100, 0], 1);
    const red = (x: number, y: number): number => canvas.data[3 * (y * 20 + x)];
    expect([red(10, 3), red(10, 4), red(10, 5), red(10, 6)]).toEqual([0, 100, 100, 0]);
    expect([red(1, 4), red(18, 4)]).toEqual([0, 0]);
  });

  it('fills what lies inside it and leaves the rest', () => {
    const canvas = new RgbCanvas(6, 4);
    canvas.fill({ left: 4, top: -1, width: 10, height: 3 }, [9, 8, 7]);
    const filled = Array.from({ length: 24 }, (_, k) => canvas.data[3 * k]);
    expect(filled).toEqual([0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
