import type { Descriptors, Features, Patches } from './types.js';

/** Selects the rows `indices` of `features`, in that order. */
export function takeRows(features: Features, indices: ArrayLike<number>): Features {
  return {
    count: indices.length,
    points: gather(features.points, indices, 2),
    scores: gather(features.scores, indices, 1),
    sizes: gather(features.sizes, indices, 1),
    angles: gather(features.angles, indices, 1),
    descriptors: takeDescriptors(features.descriptors, indices),
    ...(features.seen === undefined ? {} : { seen: gather(features.seen, indices, 2) }),
    ...(features.patches === undefined ? {} : { patches: takeBytes(features.patches, indices) }),
    ...(features.sensitive === undefined ? {} : { sensitive: features.sensitive }),
  };
}

function takeDescriptors(descriptors: Descriptors, indices: ArrayLike<number>): Descriptors {
  if (descriptors.kind === 'float') {
    return { ...descriptors, data: gather(descriptors.data, indices, descriptors.width) };
  }
  return { ...descriptors, ...takeBytes(descriptors, indices) };
}

function takeBytes({ bytes, data }: Patches, indices: ArrayLike<number>): Patches {
  const rows = new Uint8Array(indices.length * bytes);
  for (let k = 0; k < indices.length; k++) {
    rows.set(data.subarray(indices[k] * bytes, (indices[k] + 1) * bytes), k * bytes);
  }
  return { bytes, data: rows };
}

function gather(source: Float32Array, indices: ArrayLike<number>, width: number): Float32Array {
  const rows = new Float32Array(indices.length * width);
  for (let k = 0; k < indices.length; k++) {
    for (let c = 0; c < width; c++) rows[k * width + c] = source[indices[k] * width + c];
  }
  return rows;
}
