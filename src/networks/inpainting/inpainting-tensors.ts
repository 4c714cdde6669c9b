import { AppError } from '../../errors/app-error.js';
import type { Image } from '../../vision/image/image.js';
import { modelMismatch, type Tensor } from '../runtime/tensor-session.js';
import { fromHalfBits, toHalfBits } from '../runtime/half-float.js';
import type { InpaintingManifest } from './inpainting-manifest.js';
import type { Mask } from '../../vision/image/mask.js';

/** Memory layout and channel order of a tensor. */
interface Arrangement {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: number;
  readonly pixels: number;
}

/** Distance between channels, and between pixels. */
const stridesOf = ({ layout, channels, pixels }: Arrangement): { first: number; step: number } =>
  layout === 'NCHW' ? { first: pixels, step: 1 } : { first: 1, step: channels };

const dimsOf = ({ layout, channels }: Arrangement, width: number, height: number): number[] =>
  layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];

/** Offsets of the red, green and blue value of the first pixel. */
const startsOf = (order: 'RGB' | 'BGR', first: number): readonly [number, number, number] =>
  order === 'RGB' ? [0, first, 2 * first] : [2 * first, first, 0];

/** Bytes of memory that {@link encodeInpainting} needs for an image. */
export const encodingBytes = ({ width, height }: Image): number => 16 * width * height;

/**
 * The image and mask tensors of a network, as described by its manifest. They are views of `memory` (at least
 * {@link encodingBytes}), which must not be reused before the run has ended.
 */
export function encodeInpainting(
  manifest: Pick<InpaintingManifest, 'image' | 'mask'>,
  { image, hole }: { image: Image; hole: Mask },
  memory: ArrayBuffer,
): Readonly<Record<string, Tensor>> {
  const { width, height } = image;
  const { image: imageInput, mask } = manifest;
  const pixels = width * height;
  const values = new Float32Array(memory, 0, 3 * pixels);
  const marks = new Float32Array(memory, 12 * pixels, pixels);
  for (let pixel = 0; pixel < pixels; pixel++) marks[pixel] = hole.data[pixel] === 0 ? mask.known : mask.hole;
  const inMask: Arrangement = { layout: mask.layout, channels: 1, pixels };
  const inImage: Arrangement = { layout: imageInput.layout, channels: 3, pixels };
  writeImage(imageInput, { image, hole }, values);
  return {
    [imageInput.name]: tensorOf(imageInput.dtype, values, dimsOf(inImage, width, height)),
    [mask.name]: tensorOf(mask.dtype, marks, dimsOf(inMask, width, height)),
  };
}

function writeImage(
  { layout, channelOrder, range: [low, high], holeFill }: InpaintingManifest['image'],
  { image: { data }, hole }: { image: Image; hole: Mask },
  values: Float32Array,
): void {
  const pixels = hole.data.length;
  const valueOf = (byte: number): number => low + (byte * (high - low)) / 255;
  // There are 256 byte values and many pixels, so a lookup table is faster than computing each value.
  const table = Float32Array.from({ length: 256 }, (_, byte) => valueOf(byte));
  const { first, step } = stridesOf({ layout, channels: 3, pixels });
  const [red, green, blue] = startsOf(channelOrder, first).map((start) => values.subarray(start));
  for (let from = 0, to = 0; from < data.length; from += 3, to += step) {
    red[to] = table[data[from]];
    green[to] = table[data[from + 1]];
    blue[to] = table[data[from + 2]];
  }
  if (holeFill === null) return;
  const blank = valueOf(holeFill);
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (hole.data[pixel] !== 0) for (let c = 0; c < 3; c++) values[c * first + pixel * step] = blank;
  }
}

/**
 * Writes the hole pixels of an image from a network's outputs; known pixels are never changed.
 * @throws AppError `MODEL_MISMATCH` for an output that is missing or of another type or shape,
 *   `NETWORK_NON_FINITE` for a hole pixel that is infinite or NaN
 */
export function decodeInpainting(
  { output }: InpaintingManifest,
  outputs: Readonly<Record<string, Tensor>>,
  { image, hole }: { image: Image; hole: Mask },
): void {
  const { width, height, data } = image;
  const arrangement: Arrangement = { layout: output.layout, channels: 3, pixels: width * height };
  const values = readOutput(outputs, output, dimsOf(arrangement, width, height));
  const [low, high] = output.range;
  const scale = 255 / (high - low);
  const { first, step } = stridesOf(arrangement);
  const starts = startsOf(output.channelOrder, first);
  // A clamped array rounds half to even and clamps, as the result format requires.
  const bytes = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let pixel = 0; pixel < hole.data.length; pixel++) {
    if (hole.data[pixel] === 0) continue;
    for (let c = 0; c < 3; c++) {
      const value = (values[starts[c] + pixel * step] - low) * scale;
      if (!Number.isFinite(value)) throw nonFinite(output.name, pixel);
      bytes[pixel * 3 + c] = value;
    }
  }
}

function tensorOf(dtype: 'float32' | 'float16' | 'uint8', values: Float32Array, dims: number[]): Tensor {
  if (dtype === 'float32') return { dtype, dims, data: values };
  if (dtype === 'float16') return { dtype, dims, data: Uint16Array.from(values, toHalfBits) };
  return { dtype, dims, data: new Uint8Array(Uint8ClampedArray.from(values).buffer) };
}

function readOutput(
  outputs: Readonly<Record<string, Tensor>>,
  { name, dtype }: InpaintingManifest['output'],
  dims: readonly number[],
): ArrayLike<number> {
  const tensor: Tensor | undefined = outputs[name];
  if (tensor === undefined) throw modelMismatch(`The network has no output ${name}.`);
  const fits = tensor.dims.length === dims.length && tensor.dims.every((dim, axis) => dim === dims[axis]);
  if (fits && tensor.dtype === dtype) {
    if (tensor.dtype === 'float16') return Float32Array.from(tensor.data, fromHalfBits);
    if (tensor.dtype === 'float32' || tensor.dtype === 'uint8') return tensor.data;
  }
  throw modelMismatch(
    `The network's output ${name} is ${tensor.dtype} [${tensor.dims.join(', ')}] instead of ${dtype} [${dims.join(', ')}].`,
  );
}

const nonFinite = (name: string, pixel: number): AppError =>
  new AppError('NETWORK_NON_FINITE', {
    message: `The inpainting network returned a number that is not finite in ${name} at pixel ${String(pixel)}.`,
    details: { output: name, pixel },
  });
