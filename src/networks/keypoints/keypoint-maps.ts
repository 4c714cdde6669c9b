import { modelMismatch } from '../runtime/tensor-session.js';
import type { Features } from '../../vision/features/types.js';
import { tensorOf, valuesOf, type GraphOutputs } from './keypoint-lists.js';
import type { KeypointMaps } from './keypoint-manifest.js';

/** A map [channels, height, width] of cells. */
interface CellMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * Key points of a graph with dense heads, in pixels of its input. The softmax over each cell's pixels and "no
 * key point" is the probability; local maxima above the threshold are kept, in descending order.
 * @throws AppError `MODEL_MISMATCH` for outputs that are missing or whose shapes do not match
 */
export function readKeypointMaps(outputs: GraphOutputs, maps: KeypointMaps): Features {
  const logits = mapOf(outputs, maps.logits.name);
  const cell = Math.sqrt(logits.channels - 1);
  if (!Number.isInteger(cell) || cell < 1) {
    throw modelMismatch(
      `The network's output ${maps.logits.name} has ${logits.channels} channels, not c * c + 1.`,
    );
  }
  const descriptors = mapOf(outputs, maps.descriptorMap.name);
  const reliability = maps.reliability === undefined ? null : mapOf(outputs, maps.reliability.name);
  for (const map of [descriptors, ...(reliability === null ? [] : [reliability])]) {
    if (map.width === logits.width && map.height === logits.height) continue;
    throw modelMismatch(
      `The network's maps have different sizes: ${logits.width}x${logits.height} and ${map.width}x${map.height} cells.`,
    );
  }
  const heat = heatmap(logits, cell);
  const peaks = findPeaks(heat, logits.width * cell, maps);
  const scored = peaks.map((index) => {
    const [x, y] = [index % (logits.width * cell), Math.floor(index / (logits.width * cell))];
    const trust = reliability === null ? 1 : sample(reliability, x / cell, y / cell, cell)[0];
    return { x, y, score: heat[index] * trust };
  });
  return describe(scored, descriptors, cell);
}

function describe(
  found: { readonly x: number; readonly y: number; readonly score: number }[],
  descriptors: CellMap,
  cell: number,
): Features {
  const sorted = found.sort((a, b) => b.score - a.score || a.y - b.y || a.x - b.x);
  const data = new Float32Array(sorted.length * descriptors.channels);
  sorted.forEach(({ x, y }, k) => {
    const vector = sample(descriptors, x / cell, y / cell, cell);
    const length = Math.max(Math.hypot(...vector), 1e-12);
    data.set(
      vector.map((value) => value / length),
      k * descriptors.channels,
    );
  });
  return {
    count: sorted.length,
    points: Float32Array.from(sorted.flatMap(({ x, y }) => [x, y])),
    scores: Float32Array.from(sorted, ({ score }) => score),
    sizes: new Float32Array(sorted.length).fill(4 * cell),
    angles: new Float32Array(sorted.length).fill(-1),
    descriptors: { kind: 'float', width: descriptors.channels, data },
  };
}

/** Probability of a key point for every pixel, in row order. */
function heatmap({ channels, height, width, data }: CellMap, cell: number): Float32Array {
  const cells = width * height;
  const heat = new Float32Array(cells * cell * cell);
  for (let at = 0; at < cells; at++) {
    let largest = -Infinity;
    for (let c = 0; c < channels; c++) largest = Math.max(largest, data[c * cells + at]);
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.exp(data[c * cells + at] - largest);
    const [left, top] = [(at % width) * cell, Math.floor(at / width) * cell];
    for (let c = 0; c < channels - 1; c++) {
      const pixel = (top + Math.floor(c / cell)) * width * cell + left + (c % cell);
      heat[pixel] = Math.exp(data[c * cells + at] - largest) / sum;
    }
  }
  return heat;
}

/** Pixels that reach the threshold and are the maximum of their neighbourhood; of equal ones the first. */
function findPeaks(heat: Float32Array, width: number, { threshold, radius }: KeypointMaps): number[] {
  const height = heat.length / width;
  const isPeak = (index: number): boolean => {
    const [x, y] = [index % width, Math.floor(index / width)];
    for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
      for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
        const other = v * width + u;
        if (heat[other] > heat[index] || (heat[other] === heat[index] && other < index)) return false;
      }
    }
    return true;
  };
  const peaks: number[] = [];
  for (let index = 0; index < heat.length; index++) {
    if (heat[index] >= threshold && isPeak(index)) peaks.push(index);
  }
  return peaks;
}

/** All channels at a position in cells, by bilinear interpolation between cell centres. */
function sample({ channels, height, width, data }: CellMap, u: number, v: number, cell: number): number[] {
  // Pixel x has its centre at (x + 0.5) / cell, in cells; the first cell has its centre at 0.5.
  const x = Math.min(Math.max(u + 0.5 / cell - 0.5, 0), width - 1);
  const y = Math.min(Math.max(v + 0.5 / cell - 0.5, 0), height - 1);
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const [fx, fy] = [x - x0, y - y0];
  return Array.from({ length: channels }, (_, c) => {
    const at = (column: number, row: number): number => data[(c * height + row) * width + column];
    return (
      (at(x0, y0) * (1 - fx) + at(x1, y0) * fx) * (1 - fy) + (at(x0, y1) * (1 - fx) + at(x1, y1) * fx) * fy
    );
  });
}

function mapOf(outputs: GraphOutputs, name: string): CellMap {
  const tensor = tensorOf(outputs, name);
  const [batch, channels, height, width] = tensor.dims;
  if (tensor.dims.length === 4 && batch === 1)
    return { channels, height, width, data: valuesOf(tensor, name) };
  throw modelMismatch(`The network's output ${name} is [${tensor.dims.join(', ')}] instead of [1, c, h, w].`);
}
