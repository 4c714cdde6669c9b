import { fromHalfBits } from '../../../../src/networks/runtime/half-float.js';
import type { PreprocessingSpec } from '../../../../src/networks/preprocessing/preprocessing-schema.js';
import { resolvePreprocessing } from '../../../../src/networks/preprocessing/resolve-preprocessing.js';
import { Preprocessor, type ImageDtype } from '../../../../src/networks/preprocessing/preprocessor.js';

/** Two pixels side by side: (255, 128, 0) and (10, 20, 30). */
const PIXELS = Uint8Array.of(255, 128, 0, 10, 20, 30);

function tensorOf(
  spec: PreprocessingSpec,
  dims: (number | string)[],
  dtype: ImageDtype = 'float32',
): number[] {
  const preprocessor = new Preprocessor(resolvePreprocessing(spec, dims), dtype);
  const elements = preprocessor.allocate(1);
  preprocessor.write(PIXELS, elements, 0);
  return [...elements];
}

const close = (found: readonly number[], expected: readonly number[], within = 1e-5): void => {
  expect(found.length).toBe(expected.length);
  found.forEach((value, index) => expect(Math.abs(value - expected[index])).toBeLessThan(within));
};

const NCHW = ['N', 3, 1, 2];

describe('preprocessing', () => {
  it('imagenet: 0 to 1, less the mean, over the deviation, channel by channel', () => {
    close(tensorOf('imagenet', NCHW), [
      (1 - 0.485) / 0.229,
      (10 / 255 - 0.485) / 0.229,
      (128 / 255 - 0.456) / 0.224,
      (20 / 255 - 0.456) / 0.224,
      (0 - 0.406) / 0.225,
      (30 / 255 - 0.406) / 0.225,
    ]);
  });

  it('inception runs from -1 to 1', () => {
    close(
      tensorOf('inception', NCHW),
      [255, 10, 128, 20, 0, 30].map((pixel) => pixel / 127.5 - 1),
    );
  });

  it('caffe is BGR from 0 to 255 less the mean pixel', () => {
    close(tensorOf('caffe', NCHW), [0 - 104, 30 - 104, 128 - 117, 20 - 117, 255 - 123, 10 - 123], 1e-3);
  });

  it('raw keeps pixels, NHWC keeps them together', () => {
    expect(tensorOf('raw', ['N', 1, 2, 3])).toEqual([...PIXELS]);
    expect(tensorOf('raw', ['N', 1, 2, 3], 'uint8')).toEqual([...PIXELS]);
  });

  it('custom values are in the order of the channels that they name', () => {
    const spec = { channelOrder: 'BGR', range: '0..255', mean: [1, 2, 3], std: [2, 4, 8] } as const;
    close(tensorOf({ ...spec, mean: [...spec.mean], std: [...spec.std] }, NCHW), [
      (0 - 1) / 2,
      (30 - 1) / 2,
      (128 - 2) / 4,
      (20 - 2) / 4,
      (255 - 3) / 8,
      (10 - 3) / 8,
    ]);
  });

  it('int8 is rounded and kept within its range', () => {
    expect(tensorOf({ range: '0..255', mean: [128], std: [0.5] }, NCHW, 'int8')).toEqual([
      127, -128, 0, -128, -128, -128,
    ]);
  });

  it('half precision carries the same values to 11 bits', () => {
    const halves = tensorOf('imagenet', NCHW, 'float16').map(fromHalfBits);
    tensorOf('imagenet', NCHW).forEach((value, index) =>
      expect(Math.abs(halves[index] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11),
    );
  });

  it('one channel gets the grey of the preset', () => {
    const grey = resolvePreprocessing('imagenet', [1, 1, 28, 28]);
    expect(grey.channelOrder).toBe('GRAY');
    expect(grey.shape).toMatchObject({ width: 28, height: 28, channels: 1 });
    expect(grey.shift).toHaveLength(1);
  });

  it('sizes come from the graph, the margin from the preset', () => {
    expect(resolvePreprocessing('imagenet', [1, 3, 224, 224]).shape.resize).toEqual({
      rule: 'crop',
      shortSide: 256,
    });
    expect(resolvePreprocessing('inception', [1, 3, 299, 299]).shape.resize).toEqual({
      rule: 'crop',
      shortSide: 342,
    });
  });

  it.each<[string, PreprocessingSpec, (number | string)[], RegExp]>([
    ['a size that the graph contradicts', { width: 100 }, [1, 3, 224, 224], /100.*224/],
    ['a size that nobody says', 'imagenet', ['N', 3, 'H', 'W'], /height/],
    ['channels that the graph contradicts', { channelOrder: 'GRAY' }, [1, 3, 8, 8], /1 channels.*3/],
    ['a list of the wrong length', { mean: [1, 2] }, [1, 3, 8, 8], /2 values for 3/],
    ['a short side below the crop', { resize: { rule: 'crop', shortSide: 4 } }, [1, 3, 8, 8], /4.*8x8/],
    ['an input that is no image', 'raw', [1, 10], /2 dimensions/],
  ])('%s is refused with the numbers', (_, spec, dims, message) => {
    expect(() => resolvePreprocessing(spec, dims)).toThrow(message);
  });
});
