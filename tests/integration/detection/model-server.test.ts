import sharp from 'sharp';
import { ModelServerPool } from '../../../src/engines/model-server/model-server-pool.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { addPetDetector } from '../../factories/onnx/detector-model.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { poolOptions } from '../../support/pool-options.js';

/** Corners in pixels of an input of 32x32, score, class. An image of 2:1 has margins of 8 rows above and below there. */
const BOXES = [
  [4, 10, 12, 18, 0.9, 1],
  [20, 12, 28, 20, 0.6, 0],
];

describe('detection in the model server', () => {
  let models: ModelFolder;
  let pool: ModelServerPool;

  beforeAll(async () => {
    models = await makeModelFolder();
    await addPetDetector(models, BOXES);
    await models.add('colours', { model: colourNetwork() }, colourManifest());
    const options = poolOptions(models.path);
    pool = new ModelServerPool({ ...options, image: { ...options.image, maxPixels: 40_000_000 } });
  });
  afterAll(async () => {
    await pool.close();
    await models.remove();
  });

  const detect = (bytes: Uint8Array, options = {}, id = 'pets') =>
    pool.detect({ id, source: { kind: 'image', bytes }, options });
  const plain = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#808080' } });

  it.each([
    ['as it is decoded', 64, 32],
    ['that is decoded smaller', 8192, 4096],
  ])('gives boxes in pixels of an image %s', async (_, width, height) => {
    const { detections, image, network } = await detect(await plain(width, height).png().toBuffer());
    const scale = width / 32;
    expect(detections.map(({ label, labelIndex, box }) => ({ label, labelIndex, box }))).toEqual([
      {
        label: 'dog',
        labelIndex: 1,
        box: { x: 4 * scale, y: 2 * scale, width: 8 * scale, height: 8 * scale },
      },
      {
        label: 'cat',
        labelIndex: 0,
        box: { x: 20 * scale, y: 4 * scale, width: 8 * scale, height: 8 * scale },
      },
    ]);
    expect(image).toEqual({ width, height, format: 'png', warnings: [] });
    expect(network).toMatchObject({ id: 'pets', device: { used: 'cpu' } });
  });

  it('sees a photograph upright, as its EXIF orientation says', async () => {
    const turned = await plain(32, 64).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { detections, image } = await detect(turned);
    expect(image).toMatchObject({ width: 64, height: 32 });
    expect(detections[0].box).toEqual({ x: 8, y: 4, width: 16, height: 16 });
  });

  it('takes threshold, number and labels of the request', async () => {
    const image = await plain(64, 32).png().toBuffer();
    const labels = async (options: object) =>
      (await detect(image, options)).detections.map(({ label }) => label);
    expect(await labels({ threshold: 0.7 })).toEqual(['dog']);
    expect(await labels({ maxDetections: 1 })).toEqual(['dog']);
    expect(await labels({ labels: ['cat'] })).toEqual(['cat']);
    await expect(labels({ labels: ['bird'] })).rejects.toMatchObject({ code: 'LABELS_UNKNOWN' });
  });

  it('refuses a classifier, and a detector that is to classify', async () => {
    const image = await plain(64, 32).png().toBuffer();
    const unsupported = { code: 'NETWORK_TASK_UNSUPPORTED' };
    await expect(detect(image, {}, 'colours')).rejects.toMatchObject(unsupported);
    const source = { kind: 'image', bytes: image } as const;
    const options = { topK: 1, threshold: 0 };
    await expect(pool.classify({ id: 'pets', source, options })).rejects.toMatchObject(unsupported);
  });
});
