import { selectSpread } from '../spatial-selection.js';
import type { Features } from '../types.js';
import { OrbCorners, type CornerList } from './orb-corners.js';
import { DESCRIPTOR_BYTES, OrbDescriptor, PATCH_SIDE, type CornerDescriptions } from './orb-descriptor.js';
import { OrbPyramid, type OrbLevel } from './orb-pyramid.js';
import type { Image } from '../../image/image.js';

/** Grey levels that make a corner; fewer still find corners in fog, dusk and blur. */
const THRESHOLD = { normal: 20, sensitive: 6 };
/** Share of the wanted key points below which an image counts as poor in texture. */
const POOR_TEXTURE_SHARE = 0.25;
/**
 * So many times the wanted corners are found, so that the choice for spread has something to choose from; more costs
 * repeatability, as weak corners of empty parts then replace strong ones.
 */
const SURPLUS = 1.2;

/** What works on images of one size. */
interface Workshop {
  readonly pyramid: OrbPyramid;
  readonly corners: OrbCorners;
  readonly descriptor: OrbDescriptor;
}

/** Finds and describes ORB key points of images, one after the other, in this thread. */
export class OrbExtractor {
  #workshop: Workshop | undefined;

  readonly #maxFeatures: number;

  /** @param maxFeatures most key points kept per image */
  constructor(maxFeatures: number) {
    this.#maxFeatures = maxFeatures;
  }

  /** Key points spread over the image, strongest first. */
  extract(image: Image): Features {
    const { pyramid, corners, descriptor } = this.#workshopFor(image);
    pyramid.compute(image);
    const most = Math.ceil(this.#maxFeatures * SURPLUS);
    const normal = corners.find(THRESHOLD.normal, most);
    const enough = normal.count >= this.#maxFeatures * POOR_TEXTURE_SHARE;
    const found = enough ? normal : corners.find(THRESHOLD.sensitive, most);
    const points = pointsOf(found, pyramid.levels);
    const rows = selectSpread({
      points,
      scores: found.response.subarray(0, found.count),
      width: image.width,
      height: image.height,
      limit: this.#maxFeatures,
    });
    return {
      count: rows.length,
      points: new Float32Array(2 * rows.length).map((_, k) => points[2 * rows[k >> 1] + (k & 1)]),
      scores: new Float32Array(rows.length).map((_, k) => found.response[rows[k]]),
      sizes: new Float32Array(rows.length).map(
        (_, k) => PATCH_SIDE * pyramid.levels[found.level[rows[k]]].scale,
      ),
      ...descriptionsOf(descriptor.describe(found, rows)),
    };
  }

  /** Memory is kept from image to image as long as they are of one size. */
  #workshopFor({ width, height }: Image): Workshop {
    const { size } = this.#workshop?.pyramid ?? {};
    if (this.#workshop === undefined || size?.width !== width || size.height !== height) {
      const pyramid = new OrbPyramid({ width, height });
      this.#workshop = {
        pyramid,
        corners: new OrbCorners(pyramid),
        descriptor: new OrbDescriptor(pyramid, this.#maxFeatures),
      };
    }
    return this.#workshop;
  }
}

/** `[n, 2]` pixels of the image: a pixel of a coarse level has its centre between those that it was made of. */
function pointsOf({ count, level, column, row }: CornerList, levels: readonly OrbLevel[]): Float32Array {
  const points = new Float32Array(2 * count);
  for (let k = 0; k < count; k++) {
    const { scale } = levels[level[k]];
    points[2 * k] = (column[k] + 0.5) * scale - 0.5;
    points[2 * k + 1] = (row[k] + 0.5) * scale - 0.5;
  }
  return points;
}

function descriptionsOf({ data, angles }: CornerDescriptions): Pick<Features, 'angles' | 'descriptors'> {
  return { angles, descriptors: { kind: 'binary', bytes: DESCRIPTOR_BYTES, data } };
}
