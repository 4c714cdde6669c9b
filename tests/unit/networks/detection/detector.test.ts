import { fitImage } from '../../../../src/media/fit-image.js';
import { asColumns, greyImage, openFixed } from '../../../factories/onnx/detector-model.js';

/** One box over a part of the network's input, given in shares of what the image covers there. */
async function detectPart(
  image: { readonly width: number; readonly height: number },
  part: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
) {
  const side = 64;
  const { placement } = fitImage(greyImage(image.width, image.height), {
    width: side,
    height: side,
    channels: 3,
    resize: { rule: 'letterbox', fill: [0, 0, 0] },
    interpolation: 'bilinear',
    background: [0, 0, 0],
  });
  const { whole, left, top } = placement;
  const box = [
    left + (part.x + part.width / 2) * whole.width,
    top + (part.y + part.height / 2) * whole.height,
    part.width * whole.width,
    part.height * whole.height,
    0.9,
  ];
  const detector = await openFixed({
    input: [1, 3, side, side],
    outputs: { output0: { dims: [1, 5, 84], data: asColumns([box, ...nothing(5, 83)]) } },
  });
  return detector.detect(greyImage(image.width, image.height));
}

const nothing = (numbers: number, boxes: number): number[][] =>
  Array.from({ length: boxes }, () => new Array<number>(numbers).fill(0));

/** Boxes of one class [1, 5, n]: centre, size, score. */
const oneClass = (boxes: readonly (readonly number[])[]) => ({
  output0: { dims: [1, 5, 21], data: asColumns([...boxes, ...nothing(5, 21 - boxes.length)]) },
});

const ssd = {
  boxes: { dims: [1, 1, 4], data: [0, 0, 1, 1] },
  scores: { dims: [1, 1, 2], data: [0.5, 0.4] },
};

describe('boxes in pixels of the image', () => {
  it.each([
    [640, 480],
    [480, 640],
    [64, 64],
    [7, 3],
    [1, 900],
    [1023, 17],
  ])('undo the letterbox of %dx%d', async (width, height) => {
    const part = { x: 0.25, y: 0.5, width: 0.5, height: 0.25 };
    const [found] = await detectPart({ width, height }, part);
    expect(found.box.x / width).toBeCloseTo(part.x, 4);
    expect(found.box.y / height).toBeCloseTo(part.y, 4);
    expect(found.box.width / width).toBeCloseTo(part.width, 4);
    expect(found.box.height / height).toBeCloseTo(part.height, 4);
  });

  it('end at the edges of the image, and are dropped outside of it', async () => {
    // The image covers rows 8 to 24 of the input; the second box lies in the margin.
    const detector = await openFixed({
      outputs: oneClass([
        [16, 16, 999, 999, 0.9],
        [16, 3, 8, 8, 0.8],
      ]),
    });
    const found = await detector.detect(greyImage(64, 32));
    expect(found.map(({ box }) => box)).toEqual([{ x: 0, y: 0, width: 64, height: 32 }]);
  });
});

describe('what a request says', () => {
  const boxes = [
    [4, 4, 4, 4, 0.9],
    [5, 4, 4, 4, 0.8],
    [20, 20, 4, 4, 0.5],
    [28, 28, 4, 4, 0.2],
  ];
  const found = async (options: object, manifest: object = {}) => {
    const detector = await openFixed({
      outputs: oneClass(boxes),
      labels: ['cat'],
      manifest: { ...manifest },
    });
    return (await detector.detect(greyImage(32, 32), options)).map(
      ({ score }) => Math.round(score * 10) / 10,
    );
  };

  it('goes before the manifest: threshold and number of objects; duplicates are removed by the manifest', async () => {
    // The first two overlap by 3/5.
    expect(await found({})).toEqual([0.9, 0.5]);
    expect(await found({ threshold: 0.1 })).toEqual([0.9, 0.5, 0.2]);
    expect(await found({}, { threshold: 0.6 })).toEqual([0.9]);
    expect(await found({ maxDetections: 1 })).toEqual([0.9]);
    expect(await found({}, { nms: { iou: 0.7 } })).toEqual([0.9, 0.8, 0.5]);
  });

  it('chooses labels, and refuses those that the network does not know', async () => {
    expect(await found({ labels: ['cat'] })).toEqual([0.9, 0.5]);
    await expect(found({ labels: ['cat', 'cow'] })).rejects.toMatchObject({
      code: 'LABELS_UNKNOWN',
      message: 'The network does not know the label cow; it knows cat.',
    });
  });
});

describe('a detector that does not fit its manifest', () => {
  it.each([
    [
      'outputs of no known family',
      { outputs: { mask: { dims: [1, 1, 32, 32], data: new Array<number>(1024).fill(0) } } },
      'MODEL_MISMATCH',
    ],
    ['the wrong number of labels', { outputs: ssd, labels: ['a', 'b', 'c', 'd', 'e'] }, 'LABELS_MISMATCH'],
    [
      'fewer labels than columns of probabilities',
      {
        outputs: { output0: { dims: [1, 7, 21], data: new Array<number>(147).fill(0.1) } },
        labels: ['a', 'b'],
        manifest: { head: { family: 'yolov8' } },
      },
      'LABELS_MISMATCH',
    ],
    [
      'anchors without a word on how to use them',
      { outputs: { ...ssd, anchors: { dims: [1, 1, 4], data: [0, 0, 1, 1] } } },
      'MODEL_MISMATCH',
    ],
    [
      'a rule that cuts the image',
      { outputs: ssd, manifest: { preprocessing: { resize: { rule: 'crop' } } } },
      'PREPROCESSING_INVALID',
    ],
    [
      'an output that is not there',
      { outputs: ssd, manifest: { head: { family: 'yolov8', outputs: { rows: 'output0' } } } },
      'MODEL_MISMATCH',
    ],
    [
      'NaN for a score',
      { outputs: { ...ssd, scores: { dims: [1, 1, 2], data: [NaN, 0] } } },
      'MODEL_OUTPUT_INVALID',
    ],
  ])('is refused: %s', async (_name, detector, code) => {
    await expect(openFixed(detector)).rejects.toMatchObject({ code });
  });
});
