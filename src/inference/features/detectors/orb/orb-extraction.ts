import { selectSpread } from '../../spatial-selection.js';
import type { Features, GrayImage } from '../../types.js';
import { OrbCorners, type OrbCorner } from './orb-corners.js';
import { DESCRIPTOR_BYTES, OrbDescriptor, PATCH_SIDE } from './orb-descriptor.js';
import { OrbPyramid } from './orb-pyramid.js';

/** Grey levels that make a corner; fewer still find corners in fog, dusk and blur. */
const THRESHOLD = { normal: 20, sensitive: 6 };
/** Share of the wanted key points below which a picture counts as poor in texture. */
const POOR_TEXTURE_SHARE = 0.25;
/**
 * So many times the wanted corners are found, so that the choice for spread has something to choose from; more costs
 * repeatability, as weak corners of empty parts then replace strong ones.
 */
const SURPLUS = 1.2;

/** What works on pictures of one size. */
interface Workshop {
  readonly pyramid: OrbPyramid;
  readonly corners: OrbCorners;
  readonly descriptor: OrbDescriptor;
}

/** Finds and describes ORB key points of pictures, one after the other, in this thread. */
export class OrbExtractor {
  #workshop: Workshop | undefined;

  /** @param maxFeatures most key points kept per picture */
  constructor(private readonly maxFeatures: number) {}

  /** Key points spread over the picture, strongest first. */
  extract(picture: GrayImage): Features {
    const { pyramid, corners, descriptor } = this.#workshopFor(picture);
    pyramid.compute(picture);
    const most = Math.ceil(this.maxFeatures * SURPLUS);
    const normal = corners.find(THRESHOLD.normal, most);
    const enough = normal.length >= this.maxFeatures * POOR_TEXTURE_SHARE;
    const found = enough ? normal : corners.find(THRESHOLD.sensitive, most);
    const rows = selectSpread({
      points: pointsOf(found),
      scores: Float32Array.from(found, ({ response }) => response),
      width: picture.width,
      height: picture.height,
      limit: this.maxFeatures,
    });
    return describe(
      Array.from(rows, (row) => found[row]),
      descriptor,
    );
  }

  /** Memory is kept from picture to picture as long as they are of one size. */
  #workshopFor({ width, height }: GrayImage): Workshop {
    const { size } = this.#workshop?.pyramid ?? {};
    if (this.#workshop === undefined || size?.width !== width || size.height !== height) {
      const pyramid = new OrbPyramid({ width, height });
      this.#workshop = { pyramid, corners: new OrbCorners(pyramid), descriptor: new OrbDescriptor(pyramid) };
    }
    return this.#workshop;
  }
}

/** `[n, 2]` pixels of the picture: a pixel of a coarse level has its centre between those that it was made of. */
function pointsOf(corners: readonly OrbCorner[]): Float32Array {
  const points = new Float32Array(2 * corners.length);
  corners.forEach(({ level: { scale }, column, row }, k) => {
    points[2 * k] = (column + 0.5) * scale - 0.5;
    points[2 * k + 1] = (row + 0.5) * scale - 0.5;
  });
  return points;
}

function describe(corners: readonly OrbCorner[], descriptor: OrbDescriptor): Features {
  const data = new Uint8Array(DESCRIPTOR_BYTES * corners.length);
  const angles = Float32Array.from(corners, (corner, k) =>
    descriptor.describe(corner, data.subarray(DESCRIPTOR_BYTES * k, DESCRIPTOR_BYTES * (k + 1))),
  );
  return {
    count: corners.length,
    points: pointsOf(corners),
    scores: Float32Array.from(corners, ({ response }) => response),
    sizes: Float32Array.from(corners, ({ level }) => PATCH_SIDE * level.scale),
    angles,
    descriptors: { kind: 'binary', bytes: DESCRIPTOR_BYTES, data },
  };
}
