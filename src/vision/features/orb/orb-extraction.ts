import { selectSpread } from '../spatial-selection.js';
import type { PatchSearch } from '../alignment/align-matches.js';
import type { Features } from '../types.js';
import { OrbAlignment } from './orb-alignment.js';
import { OrbCorners, type CornerList } from './orb-corners.js';
import { DESCRIPTOR_BYTES, OrbDescriptor, PATCH_SIDE, type CornerDescriptions } from './orb-descriptor.js';
import { pixelAt } from './orb-plan.js';
import { OrbPyramid, type OrbLevel } from './orb-pyramid.js';
import type { PlanePoint } from '../../geometry/lens.js';
import type { Image } from '../../image/image.js';

/** FAST threshold in grey levels; the sensitive value finds corners in fog, at dusk and in blurred images. */
const THRESHOLD = { normal: 20, sensitive: 6 };
/** An image counts as low in texture when it yields less than this share of the requested key points. */
const POOR_TEXTURE_SHARE = 0.25;
/**
 * Factor of corners detected over corners requested, so that the selection for even spread has candidates. A larger
 * factor costs repeatability, because weak corners of empty regions replace strong ones.
 */
const SURPLUS = 1.2;

/** Buffers and stages allocated for one image size. */
interface Workspace {
  readonly pyramid: OrbPyramid;
  readonly corners: OrbCorners;
  readonly descriptor: OrbDescriptor;
  readonly alignment: OrbAlignment;
}

/** Detects and describes ORB key points, one image at a time, on the calling thread. */
export class OrbExtractor {
  #workspace: Workspace | undefined;

  readonly #maxFeatures: number;

  /** @param maxFeatures most key points kept per image */
  constructor(maxFeatures: number) {
    this.#maxFeatures = maxFeatures;
  }

  /**
   * Key points spread over the image, strongest first.
   * @param isGoal whether to cut out the patches that {@link find} looks for in frames
   */
  extract(image: Image, isGoal = false): Features {
    const { pyramid, corners, descriptor, alignment } = this.#workspaceFor(image);
    pyramid.compute(image);
    const most = Math.ceil(this.#maxFeatures * SURPLUS);
    const normal = corners.find(THRESHOLD.normal, most);
    const enough = normal.count >= this.#maxFeatures * POOR_TEXTURE_SHARE;
    const found = enough ? normal : corners.find(THRESHOLD.sensitive, most);
    const points = pointsOf(found, pyramid.levels, image);
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
      ...(isGoal && { patches: alignment.cut(found, rows) }),
    };
  }

  /** Where the image of the last {@link extract} shows patches of a goal; null where it does not nearby. */
  find(searches: readonly PatchSearch[]): readonly (PlanePoint | null)[] {
    if (this.#workspace === undefined) throw new Error('There is no image yet.');
    return this.#workspace.alignment.find(searches);
  }

  /** Reuses the allocated memory while consecutive images have the same size. */
  #workspaceFor({ width, height }: Image): Workspace {
    const { size } = this.#workspace?.pyramid ?? {};
    if (this.#workspace === undefined || size?.width !== width || size.height !== height) {
      const pyramid = new OrbPyramid({ width, height });
      this.#workspace = {
        pyramid,
        corners: new OrbCorners(pyramid),
        descriptor: new OrbDescriptor(pyramid, this.#maxFeatures),
        alignment: new OrbAlignment(pyramid, this.#maxFeatures),
      };
    }
    return this.#workspace;
  }
}

/** `[n, 2]` positions in image pixels. */
function pointsOf(
  { count, level, column, row }: CornerList,
  levels: readonly OrbLevel[],
  { width, height }: Image,
): Float32Array {
  const points = new Float32Array(2 * count);
  for (let k = 0; k < count; k++) {
    const size = levels[level[k]];
    points[2 * k] = pixelAt(column[k], width / size.width);
    points[2 * k + 1] = pixelAt(row[k], height / size.height);
  }
  return points;
}

function descriptionsOf({ data, angles }: CornerDescriptions): Pick<Features, 'angles' | 'descriptors'> {
  return { angles, descriptors: { kind: 'binary', bytes: DESCRIPTOR_BYTES, data } };
}
