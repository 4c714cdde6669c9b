import type { ChannelOrder, Preprocessing, ResizeRule, TensorLayout } from '../../domain/preprocessing.js';
import { AppError } from '../../errors/app-error.js';
import {
  MAX_SIDE,
  type CustomPreprocessing,
  type PreprocessingPreset,
  type PreprocessingSpec,
} from './preprocessing-schema.js';

/** Values of a preset; mean and std are in the order R, G, B. */
interface Preset {
  readonly channelOrder: ChannelOrder;
  readonly range: '0..1' | '0..255';
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Short side divided by crop size: how much of the image's edge is cropped. */
  readonly margin: number;
}

const NEUTRAL = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

const PRESETS: Readonly<Record<PreprocessingPreset, Preset>> = {
  /**
   * Mean and deviation of ImageNet's training set, crop of 224 from 256 pixels: the convention of torchvision
   * and the ONNX model zoo.
   */
  imagenet: {
    channelOrder: 'RGB',
    range: '0..1',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    margin: 256 / 224,
  },
  /** -1 to 1, central crop of 87.5 %. */
  inception: {
    channelOrder: 'RGB',
    range: '0..1',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    margin: 1 / 0.875,
  },
  /** BGR from 0 to 255 minus the mean pixel, for networks trained with Caffe. */
  caffe: {
    channelOrder: 'BGR',
    range: '0..255',
    mean: [123, 117, 104],
    std: [1, 1, 1],
    margin: 256 / 224,
  },
  /** Unchanged pixels, 0 to 255. */
  raw: { channelOrder: 'RGB', range: '0..255', ...NEUTRAL, margin: 1 },
  /** Pixels scaled to 0 to 1. */
  unit: { channelOrder: 'RGB', range: '0..1', ...NEUTRAL, margin: 1 },
};

const BLACK_TO_WHITE = 255;

/**
 * Completes a manifest's preprocessing from its preset and from the graph's input.
 * @param dims the input's shape with four dimensions, batch first; dynamic dimensions are names
 * @throws AppError `PREPROCESSING_INVALID` (invalid) naming the field: sizes that neither specifies, a size
 *   or channel count that contradicts the graph, or lists of the wrong length
 */
export function resolvePreprocessing(
  spec: PreprocessingSpec,
  dims: readonly (number | string)[],
): Preprocessing {
  const custom: CustomPreprocessing = typeof spec === 'string' ? { preset: spec } : spec;
  const preset = PRESETS[custom.preset ?? 'raw'];
  const layout = resolveLayout(custom.layout, dims);
  const [channelAxis, heightAxis, widthAxis] = layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];
  const height = resolveSize('height', custom.height, dims[heightAxis]);
  const width = resolveSize('width', custom.width, dims[widthAxis]);
  const channelOrder = resolveOrder(custom, preset, dims[channelAxis]);
  const channels = channelOrder === 'GRAY' ? 1 : 3;
  const full = (custom.range ?? preset.range) === '0..1' ? BLACK_TO_WHITE : 1;
  const mean = perChannel('mean', custom.mean ?? inOrder(preset.mean, channelOrder), channels);
  const std = perChannel('std', custom.std ?? inOrder(preset.std, channelOrder), channels);
  return {
    shape: {
      width,
      height,
      channels,
      resize: resolveResize(custom.resize, preset, { width, height }),
      interpolation: custom.interpolation ?? 'bilinear',
      background: custom.background ?? [255, 255, 255],
    },
    channelOrder,
    layout,
    factor: std.map((deviation) => 1 / (full * deviation)),
    shift: mean.map((value, channel) => -value / std[channel]),
  };
}

/** Name of the preset, or `custom` for explicit preprocessing. */
export const preprocessingName = (spec: PreprocessingSpec): string =>
  typeof spec === 'string' ? spec : 'custom';

function resolveLayout(wanted: TensorLayout | undefined, dims: readonly (number | string)[]): TensorLayout {
  if (dims.length !== 4) {
    throw invalid('layout', `the graph's input has ${String(dims.length)} dimensions, but an image needs 4`);
  }
  if (wanted !== undefined) return wanted;
  const isChannels = (dim: number | string): boolean => dim === 1 || dim === 3;
  if (isChannels(dims[1])) return 'NCHW';
  if (isChannels(dims[3])) return 'NHWC';
  throw invalid(
    'layout',
    `it is required, since it does not follow from the graph's input [${dims.join(', ')}]`,
  );
}

function resolveSize(field: 'width' | 'height', wanted: number | undefined, dim: number | string): number {
  if (typeof dim !== 'number') {
    if (wanted !== undefined) return wanted;
    throw invalid(field, `it is required, since the graph's input accepts any ${field}`);
  }
  if (!(dim >= 1 && dim <= MAX_SIDE)) {
    throw invalid(field, `the graph's input has ${String(dim)}; 1 to ${String(MAX_SIDE)} are allowed`);
  }
  if (wanted === undefined || wanted === dim) return dim;
  throw invalid(field, `it is ${String(wanted)}, but the graph's input has ${String(dim)}`);
}

function resolveOrder(
  { channelOrder }: CustomPreprocessing,
  preset: Preset,
  dim: number | string,
): ChannelOrder {
  const order = channelOrder ?? (dim === 1 ? 'GRAY' : preset.channelOrder);
  const channels = order === 'GRAY' ? 1 : 3;
  if (typeof dim === 'number' && dim !== channels) {
    throw invalid(
      'channelOrder',
      `${order} has ${String(channels)} channels, but the graph's input has ${String(dim)}`,
    );
  }
  return order;
}

/** Reorders a preset's R, G, B values; grey gets their mean. */
function inOrder(values: readonly [number, number, number], order: ChannelOrder): readonly number[] {
  if (order === 'GRAY') return [(values[0] + values[1] + values[2]) / 3];
  return order === 'BGR' ? [...values].reverse() : values;
}

function perChannel(field: 'mean' | 'std', values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return Array.from({ length: channels }, () => values[0]);
  throw invalid(field, `it has ${String(values.length)} values for ${String(channels)} channels`);
}

function resolveResize(
  wanted: CustomPreprocessing['resize'],
  preset: Preset,
  { width, height }: { width: number; height: number },
): ResizeRule {
  const crop = Math.max(width, height);
  if (wanted === undefined) return { rule: 'crop', shortSide: Math.round(crop * preset.margin) };
  if (wanted.rule !== 'crop') return wanted;
  const shortSide = wanted.shortSide ?? Math.round(crop * preset.margin);
  if (shortSide >= crop) return { rule: 'crop', shortSide };
  throw invalid(
    'resize/shortSide',
    `it is ${String(shortSide)}, which is too small for a crop of ${String(width)}x${String(height)} pixels`,
  );
}

const invalid = (field: string, why: string): AppError =>
  new AppError('PREPROCESSING_INVALID', {
    message: `preprocessing/${field}: ${why}.`,
    issues: [{ pointer: `/preprocessing/${field}`, code: 'PREPROCESSING_INVALID', message: why }],
  });
