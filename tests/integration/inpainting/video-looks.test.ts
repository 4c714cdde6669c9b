import { writeFile } from 'node:fs/promises';
import { probeVideo, type VideoProbe } from '../../../src/media/probe.js';
import * as clips from '../../factories/videos/clips.js';
import { keepingFiller } from '../../support/keeping-filler.js';
import { pngOf, rectangleMask, runInpainting } from '../../support/inpainting-run.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

let folder: clips.ClipFolder;
describe('video looks', () => {
  beforeAll(async () => {
    folder = await clips.makeClipFolder();
  });
  afterAll(() => folder.remove());

  const probe = async (file: string): Promise<VideoProbe> =>
    probeVideo(file, { tools: await ffmpegTools(), limits: UPLOAD_LIMITS });

  interface Filled {
    readonly source: VideoProbe;
    readonly result: VideoProbe;
    readonly file: string;
    readonly warnings: readonly string[];
  }

  /** Inpaints a small hole of a video. */
  async function fill(file: string): Promise<Filled> {
    const source = await probe(file);
    const { width, height, frameCount, fps } = source;
    const mask = `${file}-mask.png`;
    const box = { left: 4, top: 4, right: 10, bottom: 10 };
    await writeFile(mask, await pngOf(rectangleMask({ width, height }, box), { width, height }));
    const video = { frames: frameCount, fps: Math.max(1, Math.round(fps.num / fps.den)) };
    const run = await runInpainting(keepingFiller, [{ source: file, mask, width, height, video }], {
      parameters: { temporal: false },
    });
    const out = `${file}-out.mp4`;
    await writeFile(out, await run.file(1));
    const [{ warnings }] = run.result.json.items as { warnings: string[] }[];
    return { source, result: await probe(out), file: out, warnings };
  }

  /** Tags of a stream as ffprobe's own command line names them. */
  async function tagsOf(file: string): Promise<string> {
    const entries =
      'stream=pix_fmt,color_space,color_transfer,color_primaries,color_range,sample_aspect_ratio';
    return clips.ffprobe('-select_streams', 'V:0', '-show_entries', entries, '-of', 'compact=p=0', file);
  }

  /** Mean of a plane in the middle of the first frame, as it is coded. */
  async function lumaOf(file: string): Promise<number> {
    const statistics =
      'crop=32:32:in_w/2-16:in_h/2-16,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
    const text = await clips.ffmpeg('-i', file, '-frames:v', '1', '-vf', statistics, '-f', 'null', '-');
    return Number(/YAVG=([\d.]+)/.exec(text)?.[1]);
  }

  const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '4', '-pix_fmt', 'yuv420p'];
  const plain = (colour: string) => ['-f', 'lavfi', '-i', `color=${colour}:s=96x64:r=25:d=0.2`];

  it('keeps the order of the fields of a DV recording, which its frames alone tell', async () => {
    const file = folder.file('camcorder.avi');
    const frames = ['-f', 'lavfi', '-i', 'color=gray:s=720x576:r=25:d=0.08,format=yuv420p'];
    await clips.ffmpeg(...frames, '-c:v', 'dvvideo', file);
    const orderOf = async (of: string) => {
      const fields = ['-select_streams', 'V:0', '-show_entries', 'frame=interlaced_frame,top_field_first'];
      const text = await clips.ffprobe(...fields, '-of', 'csv=p=0:nokey=1', of);
      return text.match(/^\d,\d/gm);
    };
    // DV of 625 lines begins with the lower field (IEC 61834-2).
    expect(await orderOf(file)).toEqual(['1,0', '1,0']);

    expect(await orderOf((await fill(file)).file)).toEqual(['1,0', '1,0']);
  });

  it('keeps the time of every frame where the rate varies', async () => {
    const file = folder.file('varying.mp4');
    await clips.ffmpeg(...clips.numberedFrames(20), ...clips.VARIABLE_RATE, ...clips.H264_B_FRAMES, file);
    const { result, warnings } = await fill(file);
    expect(result.frameCount).toBe(20);
    const times = Array.from(result.presentationTimes ?? []);
    expect(times).toHaveLength(20);
    times.forEach((time, n) => expect(time).toBeCloseTo(clips.variableTime(n), 3));
    expect(warnings.join(' ')).not.toContain('rate');
  });

  it('keeps the shape of pixels, upright and turned', async () => {
    const [file, turned] = [folder.file('wide.mp4'), folder.file('turned.mp4')];
    await clips.ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=96x64:r=25:d=0.2',
      '-vf',
      'setsar=4/3',
      ...H264,
      file,
    );
    const upright = await fill(file);
    expect(upright.result).toMatchObject({ width: 96, height: 64, pixelAspect: { num: 4, den: 3 } });
    await clips.ffmpeg('-i', file, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned);
    const { result } = await fill(turned);
    expect(result).toMatchObject({ width: 64, height: 96, rotation: 0, pixelAspect: { num: 3, den: 4 } });
  });

  /** 203 cd/m2, diffuse white, coded as PQ: ITU-R BT.2408 gives 58 % of the range, HLG 75 %. */
  const HDR = [
    ['PQ', 'smpte2084', 0.5807],
    ['HLG', 'arib-std-b67', 0.75],
  ] as const;

  it.each(HDR)('maps %s to the standard range, tags it so and says so', async (name, transfer, white) => {
    const file = folder.file(`${name}.mov`);
    const luma = Math.round(64 + 876 * white);
    const x265 = `log-level=none:pools=1:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`;
    await clips.ffmpeg(
      ...[...plain('black'), '-vf', `format=yuv420p10le,geq=lum=${luma}:cb=512:cr=512`],
      ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', x265, '-tag:v', 'hvc1'],
      ...['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', file],
    );
    const { file: out, warnings } = await fill(file);
    expect(await tagsOf(out)).toMatch(
      /pix_fmt=yuv420p\|.*color_range=tv\|color_space=bt709\|color_transfer=bt709\|color_primaries=bt709/,
    );
    expect(warnings.join(' ')).toContain(`high dynamic range (${name})`);
    // Diffuse white is 1; the shoulder gives 0.6 + 0.4 (1 - 1/e) = 0.853, gamma 2.4 gives 0.936 of 219 steps above 16.
    expect(Math.abs((await lumaOf(out)) - (16 + 219 * 0.853 ** (1 / 2.4)))).toBeLessThan(2);
  });

  it('codes a source of red, green and blue as BT.709 and says so in the file', async () => {
    const file = folder.file('rgb.mkv');
    await clips.ffmpeg(...plain('0x00ff00'), '-c:v', 'ffv1', '-pix_fmt', 'bgr0', file);
    const { file: out } = await fill(file);
    expect(await tagsOf(out)).toContain('color_space=bt709');
    // Green has 0.7152 of the brightness in BT.709, 0.587 in BT.601.
    expect(Math.abs((await lumaOf(out)) - (16 + 219 * 0.7152))).toBeLessThan(2);
  });

  it.each([
    [
      'full range',
      'range.mp4',
      ['-vf', 'scale=out_range=pc', '-color_range', 'pc', ...H264.slice(0, -1), 'yuvj420p'],
      16 + 219 * (0x80 / 255),
    ],
    [
      '4:2:2 in 10 bits',
      'deep.mov',
      ['-c:v', 'prores_ks', '-pix_fmt', 'yuv422p10le'],
      16 + 219 * (0x80 / 255),
    ],
    ['BT.709', 'matrix.mp4', [...H264, '-colorspace', 'bt709'], 16 + 219 * (0x80 / 255)],
  ])('a grey of %s stays the same grey', async (_name, name, encoder, luma) => {
    const file = folder.file(name);
    await clips.ffmpeg(...plain('0x808080'), ...encoder, file);
    expect(Math.abs((await lumaOf((await fill(file)).file)) - luma)).toBeLessThan(1.5);
  });
});
