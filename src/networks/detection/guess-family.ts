import { modelMismatch } from '../runtime/tensor-session.js';
import type { DetectorFamily, HeadSpec } from './detector-manifest.js';
import { gridCells } from './families/yolo.js';
import { YUNET_PARTS } from './families/yunet.js';
import type { HeadFacts } from './head-facts.js';

/** Output names by role; a missing role was not found or does not exist. */
export type PickedOutputs = HeadSpec['outputs'];

/**
 * Maximum number of rows of a graph that removes duplicates; YOLOv10 returns 300, other exports up to 1000.
 */
const MAX_FINISHED = 1000;

/** One output of the first run. */
interface Shape {
  readonly name: string;
  readonly dtype: string;
  /** Without the batch dimension. */
  readonly dims: readonly number[];
  /** Whether the output has a batch dimension, and so one table for each image. */
  readonly batched: boolean;
}

/**
 * The detector family that matches the names and shapes of a graph's outputs.
 * @throws AppError `MODEL_MISMATCH` listing the outputs when none matches
 */
export function guessFamily(facts: HeadFacts): DetectorFamily {
  const { outputs, spec } = facts;
  const names = Object.keys(outputs);
  const isYunet = spec.strides.every((stride) =>
    YUNET_PARTS.every((part) => names.includes(`${part}_${String(stride)}`)),
  );
  if (isYunet) return 'yunet';
  const shapes = shapesOf(facts);
  if (names.includes('pred_boxes')) return 'detr';
  const boxes = shapes.filter(isBoxes);
  if (boxes.length > 0 && shapes.length >= 2) {
    const { classes, scores } = pickOutputs('post_processed', facts);
    if (classes !== undefined && scores !== undefined) return 'post_processed';
    if (pickOutputs('ssd', facts).scores !== undefined) return 'ssd';
  }
  const table = shapes.find(({ dims }) => dims.length === 2);
  if (table !== undefined) return guessYolo(table, facts);
  const list = shapes.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', ');
  throw modelMismatch(`The network's outputs (${list}) match no known detector; set head/family.`);
}

/**
 * Family of a single table: final boxes have 6 or 7 numbers; in YOLOv8 the boxes are the longer dimension;
 * the others differ by the number of columns besides the classes.
 */
function guessYolo(table: Shape, facts: HeadFacts): DetectorFamily {
  const { labels, spec, size } = facts;
  const [first, second] = table.dims;
  const classes = spec.classes ?? labels;
  if (isFinished(table, facts)) return 'end_to_end';
  if (classes > 0) {
    if (first === classes + 4 || second === classes + 4) return 'yolov8';
    if (second === classes + 5) return cellsOf(spec, size) === first ? 'yolox' : 'yolov5';
  }
  if (first < second) return 'yolov8';
  return cellsOf(spec, size) === first ? 'yolox' : 'yolov5';
}

/**
 * Whether the rows are final boxes. Other families may have as many numbers for one to three classes, but always one
 * table for each image, and 1 or 3 boxes for each cell of their grids.
 */
function isFinished({ dims: [rows, columns], batched }: Shape, { labels, spec, size }: HeadFacts): boolean {
  const classes = spec.classes ?? labels;
  if (columns === 7) return !batched || (classes !== 2 && classes !== 3);
  if (columns !== 6 || rows > MAX_FINISHED) return false;
  return classes !== 1 || !BOXES_PER_CELL.some((boxes) => rows === boxes * cellsOf(spec, size));
}

/** YOLOX has one box for each cell, YOLOv5 one for each of three anchors. */
const BOXES_PER_CELL = [1, 3];

const cellsOf = ({ strides }: HeadSpec, size: HeadFacts['size']): number => gridCells(strides, size).length;

/**
 * Outputs of a family by role: those named by the manifest, otherwise those with matching names or shapes.
 */
export function pickOutputs(family: DetectorFamily, facts: HeadFacts): PickedOutputs {
  const shapes = shapesOf(facts);
  return { ...PICK[family](shapes), ...facts.spec.outputs };
}

type Pick = (shapes: readonly Shape[]) => PickedOutputs;

const pickRows: Pick = (shapes) => ({ rows: shapes.find(({ dims }) => dims.length === 2)?.name });

const PICK: Readonly<Record<DetectorFamily, Pick>> = {
  yolov5: pickRows,
  yolov8: pickRows,
  yolox: pickRows,
  end_to_end: pickRows,
  ssd: pickSsd,
  post_processed: pickPostProcessed,
  detr: (shapes) => {
    const boxes = shapes.find(({ name }) => name === 'pred_boxes') ?? shapes.find(isBoxes);
    const scores = shapes.find((shape) => /logits/.test(shape.name) && shape !== boxes);
    return { boxes: boxes?.name, scores: (scores ?? otherTable(shapes, boxes))?.name };
  },
  yunet: () => ({}),
};

function pickSsd(shapes: readonly Shape[]): PickedOutputs {
  const anchors = shapes.find((shape) => isBoxes(shape) && /anchor|prior/i.test(shape.name));
  const rest = shapes.filter((shape) => shape !== anchors);
  const boxes = rest.find((shape) => isBoxes(shape) && /box|loc/i.test(shape.name)) ?? rest.find(isBoxes);
  return {
    boxes: boxes?.name,
    scores: otherTable(rest, boxes)?.name,
    ...(anchors && { anchors: anchors.name }),
  };
}

/** Boxes [n, 4] with two lists [n]: the classes are the list of integers, or the one named accordingly. */
function pickPostProcessed(shapes: readonly Shape[]): PickedOutputs {
  const boxes =
    shapes.find(({ name }) => name.includes('detection_boxes')) ??
    shapes.find((shape) => isBoxes(shape) && !/raw/i.test(shape.name));
  if (boxes === undefined) return {};
  const lists = shapes.filter((shape) => shape.dims.length === 1 && shape.dims[0] === boxes.dims[0]);
  const classes =
    lists.find(({ name }) => /class|label/i.test(name)) ?? lists.find(({ dtype }) => /int/.test(dtype));
  const scores =
    lists.find(({ name }) => /score|conf|prob/i.test(name)) ?? lists.find((shape) => shape !== classes);
  const count = shapes.find(
    ({ name, dims }) => dims.length === 1 && dims[0] === 1 && /num|count/i.test(name),
  );
  return {
    boxes: boxes.name,
    scores: scores?.name,
    classes: classes?.name,
    ...(count && { count: count.name }),
  };
}

const isBoxes = ({ dims }: Shape): boolean => dims.length === 2 && dims[1] === 4;

/** A table with one row per box. */
const otherTable = (shapes: readonly Shape[], boxes: Shape | undefined): Shape | undefined =>
  boxes &&
  shapes.find((shape) => shape !== boxes && shape.dims.length === 2 && shape.dims[0] === boxes.dims[0]);

/**
 * Shapes for one image. A list [1, n] can only be distinguished from a table with one row by the batch
 * dimension of the other outputs.
 */
function shapesOf({ outputs }: HeadFacts): readonly Shape[] {
  const entries = Object.entries(outputs);
  const batched = entries.some(([, { dims }]) => dims.length === 3);
  return entries.map(([name, { dtype, dims }]) => {
    const first = dims.length > 2 ? dims.length - 2 : batched && dims.length === 2 ? 1 : 0;
    return { name, dtype, dims: dims.slice(first), batched: first > 0 };
  });
}
