import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rasteriser } from '../../../scripts/render/rasteriser.js';
import { makeLongClip } from '../../../scripts/render/long-clip.js';
import { buildScene } from '../../../scripts/render/scene.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { renderTestClip } from '../../factories/videos/render-clip.js';

const folder = mkdtempSync(join(tmpdir(), 'render-clip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const countPackets = (file: string, stream = 'v'): number => {
  const entries = ['-count_packets', '-select_streams', stream, '-show_entries', 'stream=nb_read_packets'];
  return Number(
    execFileSync('ffprobe', ['-v', 'error', ...entries, '-of', 'csv=p=0', file], {
      encoding: 'utf8',
    }).replace(/\D/g, ''),
  );
};

describe('renderTestClip', () => {
  it('writes a clip whose images are those of the true poses', async () => {
    const out = join(folder, 'approach.mp4');
    const truth = await renderTestClip({ out, seed: 7, frames: 10 });
    expect(countPackets(out)).toBe(10);
    expect(truth.poses).toHaveLength(10);
    expect(truth.goalFrame).toBe(9);
    const decoded = execFileSync(
      'ffmpeg',
      ['-v', 'error', '-i', out, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
      { maxBuffer: 1e8 },
    );
    const size = 160 * 120 * 3;
    expect(decoded).toHaveLength(10 * size);
    // The density that the clip's own scene has, so that the images agree texel by texel.
    const scene = buildScene({ seed: 7, texelsPerMetre: (1.9 * truth.intrinsics.fx) / 0.7 });
    const rasteriser = new Rasteriser({
      width: 160,
      height: 120,
      intrinsics: truth.intrinsics,
      supersampling: 2,
    });
    for (const frame of [0, 5, 9]) {
      const rendered = rasteriser.render(scene, truth.poses[frame]);
      const error = (shown: number): number => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += Math.abs(decoded[shown * size + i] - rendered[i]);
        return sum / size;
      };
      const errors = truth.poses.map((_, shown) => error(shown));
      expect(errors.indexOf(Math.min(...errors))).toBe(frame);
    }
  });

  it('takes another path, size and codec', async () => {
    const out = join(folder, 'away.avi');
    const truth = await renderTestClip({
      out,
      seed: 7,
      frames: 4,
      width: 96,
      height: 64,
      path: 'moving-away',
      codecArgs: ['-c:v', 'mpeg4'],
    });
    expect(countPackets(out)).toBe(4);
    expect(truth.goalFrame).toBe(0);
    expect(truth.intrinsics).toEqual({ fx: 0.84 * 96, fy: 0.84 * 96, cx: 48, cy: 32 });
  });

  it("says FFmpeg's own words when the video cannot be written", async () => {
    await expect(
      renderTestClip({ out: join(folder, 'no-such-folder', 'a.mp4'), seed: 1, frames: 2 }),
    ).rejects.toThrow(/No such file/);
  });
});

describe('makeTestVideo', () => {
  it('writes as many frames as asked for, with sound when asked for', async () => {
    const out = join(folder, 'sound.mkv');
    await makeTestVideo({ out, frames: 7, fps: '30000/1001', audio: true });
    expect(countPackets(out)).toBe(7);
    expect(countPackets(out, 'a')).toBeGreaterThan(0);
  });
});

describe('makeLongClip', () => {
  it('repeats its piece to the exact number of frames, evenly in time', async () => {
    const out = join(folder, 'long.mp4');
    await makeLongClip({
      out,
      piece: join(folder, 'piece.mp4'),
      seconds: 23,
      width: 64,
      height: 48,
      fps: 10,
      seed: 2,
    });
    const listed = execFileSync(
      'ffprobe',
      ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', out],
      {
        encoding: 'utf8',
      },
    );
    const times = listed.trim().split('\n').map(Number.parseFloat);
    expect(times).toHaveLength(230);
    times.forEach((time, i) => expect(time).toBeCloseTo(i / 10, 3));
  });
});
