import { fitImage } from '../../../../src/vision/image/fit-image.js';
import {
  availableDetectors,
  createFeaturePipeline,
} from '../../../../src/servoing/features/detectors/registry.js';
import { reportCalls, type NetworkCall } from '../../../../src/networks/runtime/network-calls.js';
import { KeypointNetwork } from '../../../../src/networks/keypoints/keypoint-network.js';
import {
  float32Tensor,
  type Tensor,
  type TensorSession,
} from '../../../../src/networks/runtime/tensor-session.js';
import { findCorrespondences } from '../../../../src/vision/features/correspondences.js';
import type { Features } from '../../../../src/vision/features/types.js';
import {
  LISTED,
  listManifest,
  listModel,
  mapManifest,
  mapModel,
} from '../../../factories/onnx/keypoint-models.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';
import { flat, rectangles } from '../../vision/features/test-images.js';
import type { Image } from '../../../../src/vision/image/image.js';

let models: ModelFolder;
beforeAll(async () => {
  models = await makeModelFolder();
  await models.add('lister', { detector: listModel(320, 240) }, listManifest('Lister', 320, 240));
  await models.add('dots', { detector: mapModel(64, 48) }, mapManifest('Dots', 64, 48));
  await models.add('broken', { detector: listModel(64, 48) }, { task: 'features', detector: { name: 'B' } });
  await models.add('other', { detector: listModel(64, 48) });
});
afterAll(() => models.remove());

const detect = (name: string, ...images: Image[]): Promise<Features[]> => detectBy(models, name, images);

async function detectBy({ path }: ModelFolder, name: string, images: readonly Image[]): Promise<Features[]> {
  const detector = await createFeaturePipeline(name, { modelsDirectory: path });
  try {
    return await Promise.all(images.map((image) => detector.detect(image)));
  } finally {
    await detector.close();
  }
}

/** White dots on black. */
function dots(width: number, height: number, places: readonly (readonly [number, number])[]): Image {
  const image = flat(width, height, 0);
  for (const [x, y] of places) image.data[y * width + x] = 255;
  return image;
}

const pointsOf = ({ points }: Features) =>
  Array.from({ length: points.length / 2 }, (_, k) => [points[2 * k], points[2 * k + 1]]);

describe('a key point network with lists', () => {
  it('is a detector by its manifest alone', async () => {
    expect(await availableDetectors(models.path)).toEqual(['Dots', 'Lister', 'SIFT', 'ORB', 'AKAZE']);
    const [goal, current] = await detect('lister', rectangles(320, 240), rectangles(320, 240, [6, -4]));
    expect(goal).toMatchObject({ count: LISTED, descriptors: { kind: 'float', width: 24 } });
    expect([...goal.angles].every((angle) => angle === -1)).toBe(true);
    const found = findCorrespondences(goal, current);
    const shifts = [...found.visible.keys()]
      .filter((row) => found.visible[row] === 1)
      .map((row) => [0, 1].map((axis) => found.cur[2 * row + axis] - goal.points[2 * row + axis]));
    expect(shifts.length).toBeGreaterThan(20);
    expect(shifts.filter(([dx, dy]) => dx === 6 && dy === -4).length).toBeGreaterThan(0.9 * shifts.length);
  });

  it('gives places in the pixels of an image that had to be scaled and extended', async () => {
    // Twice the size of the input and less high than its shape: the lower sixth of the input is extension.
    const [small] = await detect('Lister', rectangles(320, 200));
    const large = rectangles(320, 200);
    const doubled = flat(640, 400, 0);
    doubled.data.forEach((_, k) => {
      const [x, y] = [k % 640, Math.floor(k / 640)];
      doubled.data[k] = large.data[(y >> 1) * 320 + (x >> 1)];
    });
    const [twice] = await detect('Lister', doubled);
    expect(small.count).toBeGreaterThan(40);
    expect(Math.max(...pointsOf(small).map(([, y]) => y))).toBeLessThanOrEqual(199);
    // The centre of pixel 10 lies in the doubled image between 20 and 21.
    expect(pointsOf(twice)).toEqual(pointsOf(small).map(([x, y]) => [2 * x + 0.5, 2 * y + 0.5]));
  });

  it('keeps as many as asked for', async () => {
    const detector = await createFeaturePipeline('Lister', { modelsDirectory: models.path, maxFeatures: 30 });
    expect((await detector.detect(rectangles(320, 240))).count).toBe(30);
    await detector.close();
  });
});

describe('a key point network on threads', () => {
  it('is reported before and after each image, for the limits of its engine', async () => {
    const calls: NetworkCall[] = [];
    reportCalls(async (call) => void calls.push(call));
    await detect('Lister', rectangles(320, 240), rectangles(320, 240));
    const found = calls.map(({ network, ended }) => [network, ended]);
    expect(found.filter(([, ended]) => ended === false)).toEqual(Array(2).fill(['lister', false]));
    expect(found.filter(([, ended]) => ended === true)).toEqual(Array(2).fill(['lister', true]));
    expect(found[0]).toEqual(['lister', false]);
  });
});

describe('a key point network with dense heads', () => {
  it('finds the pixels that its logits name, once each', async () => {
    const places = [
      [20, 10],
      [33, 31],
      [47, 20],
      // Next to each other: the first of two equal ones is kept.
      [21, 30],
      [22, 30],
    ] as const;
    const [found] = await detect('Dots', dots(64, 48, places));
    const wanted = places.slice(0, 4).map((place) => [...place]);
    expect(pointsOf(found).sort()).toEqual(wanted.sort());
    // Alone in a cell: e^30 / (e^30 + e^15 + 63) times the reliability.
    expect(found.scores[0]).toBeCloseTo(0.5, 5);
    expect(found.descriptors).toMatchObject({ kind: 'float', width: 64 });
    const first = found.descriptors.data.subarray(0, 64);
    expect(Math.hypot(...first)).toBeCloseTo(1, 5);
  });

  it('interpolates descriptors between the centres of cells', async () => {
    // At (27, 19) the cells of column 2 and 3 weigh 1/16 and 15/16, rows 1 and 2 count 1/16 and 15/16.
    const [found] = await detect('Dots', dots(64, 48, [[27, 19]]));
    const vector = [...found.descriptors.data];
    const own = 1 + (15 / 16) * (15 / 16);
    const norm = Math.hypot(own, ...Array<number>(63).fill(1));
    expect(vector[3 * 8 + 3]).toBeCloseTo(own / norm, 5);
    expect(vector[0]).toBeCloseTo(1 / norm, 5);
  });

  it('finds nothing in a black image', async () => {
    const [found] = await detect('Dots', flat(64, 48, 0));
    expect(found.count).toBe(0);
  });
});

describe('a network that does not keep its word', () => {
  it('fails the request and says why', async () => {
    const folder = await makeModelFolder();
    await folder.add('liar', { detector: mapModel(64, 48) }, listManifest('Liar', 64, 48));
    await expect(detectBy(folder, 'Liar', [flat(64, 48, 0)])).rejects.toMatchObject({
      code: 'FRONT_END_FAILED',
      message: expect.stringContaining('image'),
    });
    await folder.remove();
  });
});

describe('fitImage', () => {
  it('extends to a multiple by the last column and row', () => {
    const image = { width: 2, height: 1, data: Uint8Array.of(7, 9) };
    const fitted = fitImage(image, { multipleOf: 4, min: 1, max: 64 });
    expect(fitted).toEqual({
      image: { width: 4, height: 4, data: Uint8Array.from([7, 9, 9, 9, 7, 9, 9, 9, 7, 9, 9, 9, 7, 9, 9, 9]) },
      scale: 1,
      shown: { width: 2, height: 1 },
    });
  });

  it('keeps the mean of what a smaller pixel covers', () => {
    const data = Uint8Array.from({ length: 9 * 6 }, (_, k) => (k * 37) % 251);
    const { image, scale } = fitImage({ width: 9, height: 6, data }, { width: 3, height: 2 });
    expect([image.width, image.height, scale]).toEqual([3, 2, 1 / 3]);
    const block = [0, 1, 2, 9, 10, 11, 18, 19, 20].reduce((sum, k) => sum + data[k], 0) / 9;
    expect(image.data[0]).toBe(Math.round(block));
  });
});

describe('a key point network whose sensitivity can be chosen', () => {
  const NORMAL = 0.04;
  const SENSITIVE = 0.01;
  const record = {
    name: 'Counted',
    input: {
      name: 'image',
      channels: 1 as const,
      dtype: 'uint8' as const,
      scale: 1,
      offset: 0,
      size: { multipleOf: 1, min: 16, max: 640 },
    },
    sensitivity: { name: 'contrast', normal: NORMAL, sensitive: SENSITIVE },
    maxFeatures: 40,
    lists: {
      keypoints: { name: 'keypoints', units: 'pixels' as const },
      scores: { name: 'scores' },
      descriptors: { name: 'descriptors', order: 'rows' as const },
    },
  };

  /** A graph that finds a point for each hundred that the image's first pixel says, three times as many when sensitive. */
  function counting() {
    const asked: number[] = [];
    const session: TensorSession = {
      ...{ device: 'cpu', inputs: [], outputs: [] },
      run: (feeds: Readonly<Record<string, Tensor>>) => {
        const contrast = Number(feeds.contrast.data[0]);
        asked.push(contrast);
        const count = Number(feeds.image.data[0]) * (contrast < NORMAL / 2 ? 3 : 1);
        const rows = (width: number): Tensor =>
          float32Tensor(new Float32Array(count * width).fill(5), [count, width]);
        return Promise.resolve({
          keypoints: rows(2),
          scores: float32Tensor(new Float32Array(count).fill(1), [count]),
          descriptors: rows(4),
        });
      },
      close: () => Promise.resolve(),
    };
    return { asked, network: new KeypointNetwork(session, record, 40) };
  }
  const showing = (points: number): Image => flat(32, 24, points);

  it('looks twice at an image poor in texture, and says so', async () => {
    const { asked, network } = counting();
    const poor = await network.detect(showing(5));
    expect(asked.map((value) => value.toFixed(2))).toEqual(['0.04', '0.01']);
    expect(poor).toMatchObject({ count: 15, sensitive: true });
    const rich = await network.detect(showing(20));
    expect(asked).toHaveLength(3);
    expect(rich.count).toBe(20);
    expect(rich.sensitive).toBeUndefined();
  });

  it('looks once, for weak contrasts, where the goal of the clip needed them', async () => {
    const { asked, network } = counting();
    expect((await network.detect(showing(5), true)).count).toBe(15);
    expect((await network.detect(showing(12), true)).count).toBe(36);
    expect(asked.map((value) => value.toFixed(2))).toEqual(['0.01', '0.01']);
  });
});
