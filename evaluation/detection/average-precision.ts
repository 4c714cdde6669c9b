import type { Detection, DetectionBox } from '../../src/domain/detection.js';

/** A ground truth object. */
interface TrueObject {
  readonly label: string;
  readonly box: DetectionBox;
}

/** One image: its ground truth objects and its detections, best first. */
export interface JudgedImage {
  readonly truth: readonly TrueObject[];
  readonly found: readonly Detection[];
}

/** Average precision of each label, and their mean. */
export interface Precision {
  readonly mean: number;
  readonly labels: Readonly<Record<string, number>>;
}

/** Options of the metric. */
export interface PrecisionOptions {
  /** Minimum intersection over union of a correct box. */
  readonly leastOverlap: number;
  /** Smaller objects, and detections of them, are ignored, as in COCO's size ranges; longest side in pixels. */
  readonly leastSide?: number;
}

/**
 * Average precision as in PASCAL VOC since 2010: the area under the precision envelope. A box is correct when it
 * overlaps an object of its label that no better box has matched.
 */
export function averagePrecision(
  images: readonly JudgedImage[],
  { leastOverlap, leastSide = 0 }: PrecisionOptions,
): Precision {
  const names = [...new Set(images.flatMap(({ truth }) => truth.map(({ label }) => label)))].sort();
  const options = { leastOverlap, leastSide };
  const labels = Object.fromEntries(names.map((name) => [name, precisionOf(name, images, options)]));
  const values = Object.values(labels);
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, labels };
}

interface Judged {
  readonly score: number;
  readonly right: boolean;
}

function precisionOf(
  label: string,
  images: readonly JudgedImage[],
  options: Required<PrecisionOptions>,
): number {
  const judged = images.flatMap((image) => judge(label, image, options));
  judged.sort((a, b) => b.score - a.score);
  const counts = (object: TrueObject): boolean =>
    object.label === label && sideOf(object.box) >= options.leastSide;
  const wanted = images.reduce((sum, { truth }) => sum + truth.filter(counts).length, 0);
  let right = 0;
  const precisions = judged.map((one, index) => (right += one.right ? 1 : 0) / (index + 1));
  // From the end, each precision is raised to the best one at a higher recall.
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
  return judged.reduce((sum, one, index) => sum + (one.right ? precisions[index] / wanted : 0), 0);
}

function judge(
  label: string,
  { truth, found }: JudgedImage,
  { leastOverlap, leastSide }: Required<PrecisionOptions>,
): Judged[] {
  const open = truth.filter((object) => object.label === label);
  return found
    .filter((one) => one.label === label)
    .flatMap(({ box, score }) => {
      const overlaps = open.map((object) => overlapOf(box, object.box));
      const best = overlaps.indexOf(Math.max(...overlaps));
      const right = overlaps.length > 0 && overlaps[best] >= leastOverlap;
      const [object] = right ? open.splice(best, 1) : [];
      return sideOf(object?.box ?? box) >= leastSide ? [{ score, right }] : [];
    });
}

const sideOf = ({ width, height }: DetectionBox): number => Math.max(width, height);

/** Intersection over union. */
function overlapOf(a: DetectionBox, b: DetectionBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
