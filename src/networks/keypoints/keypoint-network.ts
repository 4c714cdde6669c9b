import { float32Tensor, type Tensor, type TensorSession } from '../runtime/tensor-session.js';
import { takeRows } from '../../vision/features/feature-rows.js';
import { selectSpread } from '../../vision/features/spatial-selection.js';
import type { Features } from '../../vision/features/types.js';
import { fitImage, type FittedImage } from '../../vision/image/fit-image.js';
import { readKeypointLists, type GraphOutputs } from './keypoint-lists.js';
import { readKeypointMaps } from './keypoint-maps.js';
import type { KeypointDetectorRecord } from './keypoint-manifest.js';
import type { Image } from '../../vision/image/image.js';

/** An image with less than this share of the requested key points has little texture. */
const POOR_TEXTURE_SHARE = 0.25;

/**
 * A key point's neighbourhood may extend at most this many scales (a twelfth of its diameter each) beyond the
 * image's edge.
 */
const EDGE_SCALES = 2;
const SCALES_PER_DIAMETER = 12;

/** A graph that detects and describes key points, as described by its manifest. */
export class KeypointNetwork {
  readonly #limit: number;

  readonly #session: TensorSession;
  readonly #record: KeypointDetectorRecord;

  constructor(session: TensorSession, record: KeypointDetectorRecord, maxFeatures: number) {
    this.#session = session;
    this.#record = record;

    this.#limit = Math.min(maxFeatures, record.maxFeatures);
  }

  /**
   * Key points of an image in its own pixels, distributed over the image, in descending order of score.
   * @param sensitive whether to start with high sensitivity to weak contrast, as the goal of the image's clip required
   * @throws AppError of {@link TensorSession.run}; `MODEL_MISMATCH` when the outputs differ from the manifest
   */
  async detect(image: Image, sensitive = false): Promise<Features> {
    const fitted = fitImage(image, this.#record.input.size);
    const found = onImage(await this.#run(fitted, sensitive), fitted, image);
    const { points, scores } = found;
    const { width, height } = image;
    return takeRows(found, selectSpread({ points, scores, width, height, limit: this.#limit }));
  }

  /** The result depends only on the image and its clip's goal, never on previous images. */
  async #run({ image }: FittedImage, sensitive: boolean): Promise<Features> {
    const imageFeed = { [this.#record.input.name]: encode(image, this.#record.input) };
    const { sensitivity } = this.#record;
    if (sensitivity === undefined) return this.#read(await this.#session.run(imageFeed), image);
    const attempt = async (value: number): Promise<Features> => {
      const feeds = { ...imageFeed, [sensitivity.name]: float32Tensor(Float32Array.of(value), [1]) };
      return this.#read(await this.#session.run(feeds), image);
    };
    if (!sensitive) {
      const normal = await attempt(sensitivity.normal);
      if (normal.count >= this.#limit * POOR_TEXTURE_SHARE) return normal;
    }
    return { ...(await attempt(sensitivity.sensitive)), sensitive: true };
  }

  #read(outputs: GraphOutputs, size: Image): Features {
    const { lists, maps } = this.#record;
    if (lists !== undefined) return readKeypointLists(outputs, lists, size);
    if (maps !== undefined) return readKeypointMaps(outputs, maps);
    throw new Error('A validated manifest has lists or maps.');
  }
}

function encode({ width, height, data }: Image, input: KeypointDetectorRecord['input']): Tensor {
  const { channels, dtype, scale, offset } = input;
  const dims = [1, channels, height, width];
  if (dtype === 'uint8')
    return { dtype, dims, data: repeat(data, channels, new Uint8Array(channels * data.length)) };
  const plane = Float32Array.from(data, (grey) => grey * scale + offset);
  return float32Tensor(
    channels === 1 ? plane : repeat(plane, channels, new Float32Array(channels * plane.length)),
    dims,
  );
}

function repeat<T extends Uint8Array | Float32Array>(plane: T, times: number, target: T): T {
  if (times === 1) return plane;
  for (let c = 0; c < times; c++) target.set(plane, c * plane.length);
  return target;
}

/**
 * Converts key points from the graph's input to the image, and drops those in the padding or too close to it.
 */
function onImage(found: Features, { scale, shown }: FittedImage, image: Image): Features {
  const inside = (row: number): boolean => {
    const margin = (EDGE_SCALES * found.sizes[row]) / SCALES_PER_DIAMETER;
    const [x, y] = [found.points[2 * row], found.points[2 * row + 1]];
    const within = (at: number, side: number): boolean => at >= 0 && at <= side - 1;
    // The right and lower edge matter only if there is padding; the graph handles the other two edges.
    return within(x + margin, shown.width) && within(y + margin, shown.height) && x >= 0 && y >= 0;
  };
  const kept = takeRows(
    found,
    [...found.scores.keys()].filter((row) => inside(row)),
  );
  if (scale === 1) return kept;
  const most = [image.width - 1, image.height - 1];
  return {
    ...kept,
    points: kept.points.map((at, k) => Math.min(Math.max((at + 0.5) / scale - 0.5, 0), most[k & 1])),
    sizes: kept.sizes.map((size) => size / scale),
  };
}
