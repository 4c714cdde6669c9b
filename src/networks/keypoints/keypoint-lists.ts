import { elementCount, modelMismatch, type Tensor } from '../runtime/tensor-session.js';
import type { Features } from '../../vision/features/types.js';
import type { KeypointLists } from './keypoint-manifest.js';

/** Outputs of one run by name. */
export type GraphOutputs = Readonly<Record<string, Tensor>>;

/** Size of the image given to the graph. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Key points of a graph that outputs lists, in pixels of its input.
 * @throws AppError `MODEL_MISMATCH` for outputs that are missing, of another type, or of different lengths
 */
export function readKeypointLists(outputs: GraphOutputs, lists: KeypointLists, size: InputSize): Features {
  const keypoints = tensorOf(outputs, lists.keypoints.name);
  const count = rowsOf(keypoints, lists.keypoints.name, 2);
  const scores = valuesOf(tensorOf(outputs, lists.scores.name), lists.scores.name);
  if (scores.length !== count)
    throw modelMismatch(`The network returned ${count} key points, but ${scores.length} scores.`);
  const frames = lists.frames === undefined ? null : readFrames(outputs, lists.frames, count);
  return {
    count,
    points: readPoints(valuesOf(keypoints, lists.keypoints.name), lists.keypoints.units, size),
    scores,
    sizes: frames?.sizes ?? new Float32Array(count),
    angles: frames?.angles ?? new Float32Array(count).fill(-1),
    descriptors: readDescriptors(outputs, lists.descriptors, count),
  };
}

function readPoints(
  values: Float32Array,
  units: KeypointLists['keypoints']['units'],
  { width, height }: InputSize,
): Float32Array {
  if (units === 'pixels') return values;
  const half = [(width - 1) / 2, (height - 1) / 2];
  return values.map((value, k) => (value + 1) * half[k & 1]);
}

function readFrames(
  outputs: GraphOutputs,
  { name, diameterPerSigma }: NonNullable<KeypointLists['frames']>,
  count: number,
): Pick<Features, 'sizes' | 'angles'> {
  const tensor = tensorOf(outputs, name);
  if (rowsOf(tensor, name, 2) !== count)
    throw modelMismatch(`The network's output ${name} does not have ${count} rows.`);
  const values = valuesOf(tensor, name);
  const degrees = (angle: number): number => ((((angle * 180) / Math.PI) % 360) + 360) % 360;
  return {
    sizes: Float32Array.from({ length: count }, (_, i) => values[2 * i] * diameterPerSigma),
    angles: Float32Array.from({ length: count }, (_, i) => degrees(values[2 * i + 1])),
  };
}

function readDescriptors(
  outputs: GraphOutputs,
  { name, order }: KeypointLists['descriptors'],
  count: number,
): Features['descriptors'] {
  const tensor = tensorOf(outputs, name);
  const [rows, columns] = tensor.dims.slice(-2);
  const [found, width] = order === 'rows' ? [rows, columns] : [columns, rows];
  if (found !== count)
    throw modelMismatch(`The network returned ${count} key points, but ${found} descriptors.`);
  const values = valuesOf(tensor, name);
  const data =
    order === 'rows'
      ? values
      : Float32Array.from(
          { length: count * width },
          (_, k) => values[(k % width) * count + Math.floor(k / width)],
        );
  return { kind: 'float', width, data };
}

function rowsOf(tensor: Tensor, name: string, width: number): number {
  if (tensor.dims.at(-1) === width && elementCount(tensor.dims) === tensor.data.length) {
    return tensor.data.length / width;
  }
  throw modelMismatch(
    `The network's output ${name} is [${tensor.dims.join(', ')}] instead of [n, ${width}].`,
  );
}

/** @throws AppError `MODEL_MISMATCH` when the output is missing */
export function tensorOf(outputs: GraphOutputs, name: string): Tensor {
  const tensor: Tensor | undefined = outputs[name];
  if (tensor === undefined) throw modelMismatch(`The network has no output ${name}.`);
  return tensor;
}

/**
 * Values as floats, since some exporters write integer key points. @throws AppError `MODEL_MISMATCH` for
 * other types
 */
export function valuesOf({ dtype, data }: Tensor, name: string): Float32Array {
  if (dtype === 'float32') return data;
  if (dtype === 'int64' || dtype === 'int32') return Float32Array.from(data, Number);
  throw modelMismatch(`The network's output ${name} is of type ${dtype} instead of float32.`);
}
