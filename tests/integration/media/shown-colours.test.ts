import { writeFile } from 'node:fs/promises';
import { decodeImages } from '../../../src/media/frame-image.js';
import { openVideo } from '../../../src/media/previews/preview-source.js';
import * as clips from '../../factories/videos/clips.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

type Rgb = readonly [red: number, green: number, blue: number];
type Range = 'full' | 'limited';

const STRIPE = 32;
const HEIGHT = 32;
/** Diffuse white in cd/m2. Light below 0.6 of it is shown as it is: 0.5 of it is 0.5 of the light of SDR white. */
const WHITE = 203;
const HALF = WHITE / 2;
/** Of the light of white; the table of colours is interpolated. */
const MAX_OFF = 0.02;

/** Linear light of BT.709 primaries in cd/m2. */
const COLOURS: Readonly<Record<string, Rgb>> = {
  red: [HALF, 0, 0],
  yellow: [HALF, HALF, 0],
  green: [0, HALF, 0],
  cyan: [0, HALF, HALF],
  blue: [0, 0, HALF],
  magenta: [HALF, 0, HALF],
  grey: [HALF, HALF, HALF],
  orange: [HALF, HALF / 2, 0],
};

/** BT.709 to BT.2020 in linear light (ITU-R BT.2087). */
const toBt2020 = ([r, g, b]: Rgb): Rgb => [
  0.6274 * r + 0.3293 * g + 0.0433 * b,
  0.0691 * r + 0.9195 * g + 0.0114 * b,
  0.0164 * r + 0.088 * g + 0.8956 * b,
];

/** Inverse EOTF of PQ (ITU-R BT.2100, table 4). */
function pqCode(light: number): number {
  const y = (light / 10_000) ** 0.1593017578125;
  return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375;
}

/** Y'CbCr of BT.2020 with 10 bits (ITU-R BT.2100, tables 6 and 9). */
function coded(light: Rgb, range: Range): Rgb {
  const [r, g, b] = toBt2020(light).map(pqCode);
  const y = 0.2627 * r + 0.678 * g + 0.0593 * b;
  const [cb, cr] = [(b - y) / 1.8814, (r - y) / 1.4746];
  return range === 'full'
    ? [1023 * y, 1023 * cb + 512, 1023 * cr + 512]
    : [876 * y + 64, 896 * cb + 512, 896 * cr + 512];
}

/** One raw frame in 4:2:0 with 10 bits: a stripe for each colour. */
function rawFrame(colours: readonly Rgb[], range: Range): Buffer {
  const values = colours.map((light) => coded(light, range));
  const plane = (component: number, shift: number) => {
    const [width, height] = [(colours.length * STRIPE) >> shift, HEIGHT >> shift];
    return Uint16Array.from({ length: width * height }, (_, at) => {
      const stripe = Math.floor((at % width) / (STRIPE >> shift));
      return Math.min(1023, Math.max(0, Math.round(values[stripe][component])));
    });
  };
  return Buffer.concat([plane(0, 0), plane(1, 1), plane(2, 1)].map(({ buffer }) => Buffer.from(buffer)));
}

describe('colours of shown frames', () => {
  let folder: clips.ClipFolder;
  beforeAll(async () => {
    folder = await clips.makeClipFolder();
  });
  afterAll(() => folder.remove());

  /** The shown colours in the middle of the stripes. */
  async function shown(lights: readonly Rgb[], range: Range): Promise<readonly Rgb[]> {
    const [raw, file] = [folder.file('frame.yuv'), folder.file(`${range}.mov`)];
    await writeFile(raw, rawFrame(lights, range));
    const size = `${lights.length * STRIPE}x${HEIGHT}`;
    const tags = 'colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc';
    const x265 = `log-level=none:pools=1:lossless=1:range=${range}:${tags}`;
    const colour = range === 'full' ? 'pc' : 'tv';
    await clips.ffmpeg(
      ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p10le', '-s', size, '-r', '25', '-color_range', colour],
      ...['-i', raw, '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', x265, '-tag:v', 'hvc1'],
      ...['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'],
      ...['-color_range', colour, file],
    );
    const tools = await ffmpegTools();
    const opened = await openVideo({ path: file, video: null, tools, folder: folder.path });
    expect(opened.isHdr).toBe(true);
    const { probe, colours } = opened;
    const workingSize = { width: probe.width, height: probe.height };
    for await (const { data, width } of decodeImages({
      ...{ path: file, probe, workingSize, colours, tools, indices: [0] },
    })) {
      const row = (HEIGHT / 2) * width;
      return lights.map((_light, stripe): Rgb => {
        const at = 3 * (row + stripe * STRIPE + STRIPE / 2);
        return [data[at], data[at + 1], data[at + 2]];
      });
    }
    throw new Error('the clip has no frame');
  }

  it.each(['full', 'limited'] as const)('of HDR are those of their light in %s range', async (range) => {
    const names = Object.keys(COLOURS);
    const found = await shown(Object.values(COLOURS), range);
    names.forEach((name, index) => {
      const light = found[index].map((value) => (value / 255) ** 2.4);
      const off = Math.max(
        ...light.map((value, component) => Math.abs(value - COLOURS[name][component] / WHITE)),
      );
      expect([name, found[index], off < MAX_OFF]).toEqual([name, found[index], true]);
    });
  });

  it('do not change where an RGB recording is scaled', async () => {
    const file = folder.file('rgb.mkv');
    const yellow = ['-f', 'lavfi', '-i', 'color=0xc0c020:s=96x64:r=25:d=0.04'];
    await clips.ffmpeg(...yellow, '-c:v', 'ffv1', '-pix_fmt', 'bgr0', file);
    const tools = await ffmpegTools();
    const { probe, colours } = await openVideo({ path: file, video: null, tools, folder: folder.path });
    expect(colours).toEqual({ toBt709: true });
    const workingSize = { width: 48, height: 32 };
    const images = decodeImages({ path: file, probe, workingSize, colours, tools, indices: [0] });
    for await (const { data } of images)
      for (const [component, value] of [0xc0, 0xc0, 0x20].entries())
        expect(Math.abs(data[component] - value)).toBeLessThan(3);
    expect.assertions(4);
  });

  it('of HDR keep their hue above diffuse white, up to the brightest light that can be coded', async () => {
    const [bright, brightest, white] = await shown(
      [
        [1000, 1000, 0],
        [10_000, 10_000, 0],
        [1000, 1000, 1000],
      ],
      'full',
    );
    for (const [red, green, blue] of [bright, brightest]) {
      expect(red).toBeGreaterThan(245);
      expect(Math.abs(red - green)).toBeLessThan(8);
      expect(blue).toBeLessThan(40);
    }
    expect(Math.min(...white)).toBeGreaterThan(245);
  });
});
