import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fitImage } from '../../../../src/media/fit-image.js';
import { openDetector } from '../../../../src/networks/detection/open-detector.js';
import { NetworkRegistry } from '../../../../src/networks/runtime/network-registry.js';
import { drawShapeScene } from '../../../../scripts/render/shape-scene.js';
import { asColumns, detectorModel, greyImage } from '../../../factories/onnx/detector-model.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';

const SHIPPED = path.resolve(import.meta.dirname, '..', '..', '..', '..', '..', 'models');
const CPU = { device: 'cpu' } as const;

describe('a detector of the models folder', () => {
  let models: ModelFolder;
  let registry: NetworkRegistry;

  const rows = Array.from({ length: 21 }, (_, i) => [16, 16, 8, 8, i === 3 ? 0.75 : 0, 0]);
  const model = detectorModel([1, 3, 32, 32], { output0: { dims: [1, 6, 21], data: asColumns(rows) } });

  beforeEach(async () => {
    models = await makeModelFolder();
    registry = new NetworkRegistry({ folder: models.path });
  });
  afterEach(async () => {
    await registry.close();
    await models.remove();
  });

  it('reads its labels from the file next to its manifest', async () => {
    await models.add('pets', { model }, { task: 'detection', labels: 'labels.txt' });
    await writeFile(path.join(models.path, 'pets', 'labels.txt'), 'cat\ndog\n');
    const { detector, lease } = await openDetector(registry, CPU, { id: 'pets', fit: fitImage });
    expect(detector.labels).toEqual(['cat', 'dog']);
    expect(await detector.detect(greyImage(32, 32))).toEqual([
      { label: 'cat', labelIndex: 0, score: 0.75, box: { x: 12, y: 12, width: 8, height: 8 } },
    ]);
    lease.release();
  });

  it.each([
    ['a network of another task', { task: 'classification' }, 'NETWORK_MANIFEST_INVALID'],
    ['a file of labels that is not there', { task: 'detection', labels: 'labels.txt' }, 'LABELS_MISSING'],
    [
      'another number of labels',
      { task: 'detection', labels: ['cat'], head: { classes: 2 } },
      'LABELS_MISMATCH',
    ],
  ])('is refused: %s', async (_name, manifest, code) => {
    await models.add('pets', { model }, manifest);
    await expect(openDetector(registry, CPU, { id: 'pets', fit: fitImage })).rejects.toMatchObject({
      code,
    });
  });
});

describe('the detector that ships', () => {
  it('finds most of what our renderer drew, and says where', async () => {
    const registry = new NetworkRegistry({ folder: SHIPPED });
    const { detector, lease } = await openDetector(registry, CPU, {
      id: 'shapes_detection',
      fit: fitImage,
    });
    let [found, large] = [0, 0];
    for (const seed of [11, 12, 13, 14, 15, 16]) {
      const scene = drawShapeScene(seed);
      const detections = await detector.detect(scene);
      for (const { label, box } of scene.objects.filter((object) => object.box.width >= 32)) {
        large += 1;
        const near = detections.some(
          (one) =>
            one.label === label &&
            Math.abs(one.box.x - box.x) < 0.25 * box.width &&
            Math.abs(one.box.x + one.box.width - box.x - box.width) < 0.25 * box.width,
        );
        if (near) found += 1;
      }
    }
    lease.release();
    await registry.close();
    expect(large).toBeGreaterThan(15);
    expect(found / large).toBeGreaterThan(0.75);
  });
});
