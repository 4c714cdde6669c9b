import type { Detection } from '../../../../src/domain/detection.js';
import { asColumns, greyImage, openFixed, type FixedOutput } from '../../../factories/onnx/detector-model.js';

/** Label, score and box to a tenth of a thousandth, in the order of the answer. */
const shown = (detections: readonly Detection[]) =>
  detections.map(({ label, score, box }) => [
    label,
    ...[score, box.x, box.y, box.width, box.height].map((value) => Math.round(value * 1e4) / 1e4),
  ]);

/** An image of twice the width of the network's 32x32: it is halved and lies 8 pixels below the upper edge. */
const WIDE = greyImage(64, 32);

/** Boxes that no threshold lets pass, to fill grids up. */
const nothing = (numbers: number, boxes: number): number[][] =>
  Array.from({ length: boxes }, () => new Array<number>(numbers).fill(0));

const stretched = { preprocessing: { preset: 'unit', resize: { rule: 'stretch' } } };

describe('the families of detectors', () => {
  it('YOLOv8: [1, 4 + classes, n], centre and size in pixels of the input, the best class counts', async () => {
    const rows = [[16, 16, 8, 4, 0.2, 0.9], [4, 12, 4, 4, 0.6, 0.1], ...nothing(6, 19)];
    const outputs = { output0: { dims: [1, 6, 21], data: asColumns(rows) } };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'] });
    expect(detector.family).toBe('yolov8');
    // (16 - 4, 16 - 2) in the input is (12 * 2, (14 - 8) * 2) in the image.
    expect(shown(await detector.detect(WIDE))).toEqual([
      ['dog', 0.9, 24, 12, 16, 8],
      ['cat', 0.6, 4, 4, 8, 8],
    ]);
  });

  it('YOLOv8 with its axes exchanged and coefficients of masks after the scores', async () => {
    const rows = [[16, 16, 8, 4, 0.2, 0.9, 7, 7], ...nothing(8, 20)];
    const outputs = { output0: { dims: [1, 21, 8], data: rows.flat() } };
    const detector = await openFixed({
      outputs,
      labels: ['cat', 'dog'],
      manifest: { head: { family: 'yolov8' } },
    });
    expect(shown(await detector.detect(WIDE))).toEqual([['dog', 0.9, 24, 12, 16, 8]]);
  });

  it('YOLOv5: [1, n, 5 + classes], the score is that of any object times that of the class', async () => {
    const rows = [[16, 16, 8, 4, 0.5, 0.2, 0.8], ...nothing(7, 62)];
    const outputs = { output: { dims: [1, 63, 7], data: rows.flat() } };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'] });
    expect(detector.family).toBe('yolov5');
    expect(shown(await detector.detect(WIDE))).toEqual([['dog', 0.4, 24, 12, 16, 8]]);
  });

  it('YOLOX: centres count from their cell, sizes are logarithms, both in strides', async () => {
    // 32x32 has 4x4, 2x2 and 1x1 cells of stride 8, 16 and 32; the 17th box is the first cell of stride 16.
    const rows = nothing(7, 21);
    rows[16] = [0.5, 1, Math.log(0.5), Math.log(0.25), 0.5, 0.1, 1];
    const outputs = { output: { dims: [1, 21, 7], data: rows.flat() } };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'] });
    expect(detector.family).toBe('yolox');
    // Centre (8, 16), size 8x4.
    expect(shown(await detector.detect(WIDE))).toEqual([['dog', 0.5, 8, 12, 16, 8]]);
  });

  it('finished boxes: [1, n, 6] with the score before the class; what overlaps stays', async () => {
    const rows = [[12, 14, 20, 18, 0.9, 1], [12, 14, 20, 18, 0.8, 1], ...nothing(6, 3)];
    const outputs = { output0: { dims: [1, 5, 6], data: rows.flat() } };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'] });
    expect(detector.family).toBe('end_to_end');
    expect(shown(await detector.detect(WIDE))).toEqual([
      ['dog', 0.9, 24, 12, 16, 8],
      ['dog', 0.8, 24, 12, 16, 8],
    ]);
  });

  it.each([1, 2])(
    'finished boxes of a network of %d classes are not taken for the scores of a grid',
    async (count) => {
      const rows = [[12, 14, 20, 18, 0.9, 0], ...nothing(6, 299)];
      const outputs = { output0: { dims: [1, 300, 6], data: rows.flat() } };
      const detector = await openFixed({ outputs, labels: ['face', 'plate'].slice(0, count) });
      expect(detector.family).toBe('end_to_end');
      expect(shown(await detector.detect(WIDE))).toEqual([['face', 0.9, 24, 12, 16, 8]]);
    },
  );

  it('YOLOv5 with one class has as many numbers as finished boxes, and three boxes for each cell', async () => {
    const rows = [[16, 16, 8, 4, 0.5, 0.8], ...nothing(6, 62)];
    const outputs = { output: { dims: [1, 63, 6], data: rows.flat() } };
    const detector = await openFixed({ outputs, labels: ['face'] });
    expect(detector.family).toBe('yolov5');
    expect(shown(await detector.detect(WIDE))).toEqual([['face', 0.4, 24, 12, 16, 8]]);
  });

  it.each([2, 3])('finished boxes [n, 7] of a network of %d classes stay finished boxes', async (count) => {
    const outputs = { output: { dims: [1, 7], data: [0, 12, 14, 20, 18, 1, 0.9] } };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog', 'bird'].slice(0, count) });
    expect(detector.family).toBe('end_to_end');
    expect(shown(await detector.detect(WIDE))).toEqual([['dog', 0.9, 24, 12, 16, 8]]);
  });

  it('finished boxes of several images: [n, 7] with the number of the image first, the class before the score', async () => {
    const rows = [
      [0, 12, 14, 20, 18, 0, 0.9],
      [1, 0, 0, 9, 9, 0, 0.8],
    ];
    const detector = await openFixed({ outputs: { output: { dims: [2, 7], data: rows.flat() } } });
    expect(shown(await detector.detect(WIDE))).toEqual([['class_0', 0.9, 24, 12, 16, 8]]);
  });

  it('SSD: offsets of centre and size from anchors, with the variances of the paper and the background first', async () => {
    const outputs = {
      anchors: { dims: [1, 2, 4], data: [0.25, 0.25, 0.75, 0.5, 0, 0, 1, 1] },
      boxes: { dims: [1, 2, 4], data: [1, -2, 5 * Math.log(2), 0, 0, 0, 0, 0] },
      scores: { dims: [1, 2, 3], data: [0.1, 0.2, 0.7, 1, 0, 0] },
    };
    const manifest = { head: { family: 'ssd', encoding: 'centre_size' } };
    const detector = await openFixed({ outputs, manifest, labels: ['cat', 'dog'] });
    // Centre (.5 + .1 * .5, .375 - .2 * .25) = (.55, .325), size (.5 * 2, .25): from .05 to 1.05, cut off at 1.
    expect(shown(await detector.detect(greyImage(100, 200)))).toEqual([['dog', 0.7, 5, 40, 95, 50]]);
  });

  it('SSD of the STM32 model zoo: offsets of corners in units of the anchor; a box may have two classes', async () => {
    const outputs = {
      anchors_concat: { dims: [1, 1, 4], data: [0.2, 0.2, 0.6, 0.4] },
      bboxes_concat: { dims: [1, 1, 4], data: [0.25, -0.5, 0.5, 1] },
      classes_softmax: { dims: [1, 1, 3], data: [0.1, 0.5, 0.4] },
    };
    const manifest = { head: { encoding: 'corner_offsets' }, preprocessing: { resize: { rule: 'stretch' } } };
    const detector = await openFixed({ outputs, manifest, labels: ['person', 'dog'] });
    expect(detector.family).toBe('ssd');
    // Corners .2 + .25 * .4, .2 - .5 * .2, .6 + .5 * .4, .4 + 1 * .2.
    expect(shown(await detector.detect(greyImage(100, 100)))).toEqual([
      ['person', 0.5, 30, 10, 50, 50],
      ['dog', 0.4, 30, 10, 50, 50],
    ]);
  });

  it('boxes and scores without anchors, in pixels, as exports of other single-stage detectors have them', async () => {
    const outputs = {
      scores: { dims: [1, 2, 2], data: [0.1, 0.9, 0.1, 0.2] },
      boxes: { dims: [1, 2, 4], data: [8, 4, 16, 12, 0, 0, 32, 32] },
    };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'], manifest: stretched });
    expect(shown(await detector.detect(greyImage(64, 64)))).toEqual([['dog', 0.9, 16, 8, 16, 16]]);
  });

  it("TensorFlow's four outputs: shares with y first, classes from 1, only as many as are counted", async () => {
    const outputs = {
      detection_boxes: { dims: [1, 3, 4], data: [0.25, 0.5, 0.75, 1, 0, 0, 1, 1, 0, 0, 1, 1] },
      detection_classes: { dims: [1, 3], data: [2, 1, 1] },
      detection_scores: { dims: [1, 3], data: [0.9, 0.8, 0.7] },
      num_detections: { dims: [1], data: [2] },
    };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'], manifest: stretched });
    expect(detector.family).toBe('post_processed');
    expect(shown(await detector.detect(greyImage(100, 200)))).toEqual([
      ['dog', 0.9, 50, 50, 50, 100],
      ['cat', 0.8, 0, 0, 100, 200],
    ]);
  });

  it("torchvision's three outputs, told by their shapes and whole numbers alone", async () => {
    const outputs: Record<string, FixedOutput> = {
      '6568': { dims: [2, 4], data: [8, 4, 16, 12, 0, 0, 4, 4] },
      '6570': { dims: [2], data: [1, 0], dtype: 'int64' },
      '6566': { dims: [2], data: [0.9, 0.6] },
    };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'], manifest: stretched });
    expect(shown(await detector.detect(greyImage(64, 64)))).toEqual([
      ['dog', 0.9, 16, 8, 16, 16],
      ['cat', 0.6, 0, 0, 8, 8],
    ]);
  });

  it('DETR: a softmax with "no object" last, centre and size as shares', async () => {
    const outputs = {
      logits: { dims: [1, 2, 3], data: [0, Math.log(8), 0, 0, 0, 20] },
      pred_boxes: { dims: [1, 2, 4], data: [0.5, 0.5, 0.5, 0.25, 0.5, 0.5, 1, 1] },
    };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'], manifest: stretched });
    expect(detector.family).toBe('detr');
    expect(shown(await detector.detect(greyImage(100, 200)))).toEqual([['dog', 0.8, 25, 75, 50, 50]]);
  });

  it('RT-DETR: a sigmoid for each class, none for "no object"; half precision', async () => {
    const outputs: Record<string, FixedOutput> = {
      logits: { dims: [1, 1, 2], data: [Math.log(0.25), Math.log(3)], dtype: 'float16' },
      pred_boxes: { dims: [1, 1, 4], data: [0.5, 0.5, 0.5, 0.25], dtype: 'float16' },
    };
    const detector = await openFixed({ outputs, labels: ['cat', 'dog'], manifest: stretched });
    const [found] = await detector.detect(greyImage(100, 200));
    expect(found.label).toBe('dog');
    expect(found.score).toBeCloseTo(0.75, 3);
    expect(found.box).toEqual({ x: 25, y: 75, width: 50, height: 50 });
  });

  it('YuNet: three grids, the score is the geometric mean of two probabilities', async () => {
    const grid = (cells: number, numbers: number, at?: { cell: number; values: number[] }): FixedOutput => {
      const rows = nothing(numbers, cells);
      if (at) rows[at.cell] = at.values;
      return { dims: [1, cells, numbers], data: rows.flat() };
    };
    const outputs = Object.fromEntries(
      [8, 16, 32].flatMap((stride) => {
        const cells = (32 / stride) ** 2;
        const found = stride === 16;
        return [
          [`cls_${String(stride)}`, grid(cells, 1, found ? { cell: 3, values: [0.9] } : undefined)],
          [`obj_${String(stride)}`, grid(cells, 1, found ? { cell: 3, values: [0.4] } : undefined)],
          [
            `bbox_${String(stride)}`,
            grid(cells, 4, found ? { cell: 3, values: [-0.5, 0, Math.log(0.5), Math.log(0.25)] } : undefined),
          ],
          [`kps_${String(stride)}`, grid(cells, 10)],
        ];
      }),
    );
    const detector = await openFixed({ outputs, labels: ['face'] });
    expect(detector.family).toBe('yunet');
    // Cell (1, 1): centre (.5 * 16, 1 * 16), size 8x4.
    expect(shown(await detector.detect(WIDE))).toEqual([['face', 0.6, 8, 12, 16, 8]]);
  });
});
