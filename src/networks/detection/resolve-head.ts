import { modelMismatch } from '../runtime/tensor-session.js';
import type { DetectorFamily, HeadSpec } from './detector-manifest.js';
import { MAX_CLASSES, MAX_ROWS } from './limits.js';
import { classCount } from './families/class-scores.js';
import { gridCells } from './families/yolo.js';
import { YUNET_PARTS } from './families/yunet.js';
import { guessFamily, pickOutputs, type PickedOutputs } from './guess-family.js';
import type { HeadFacts } from './head-facts.js';
import type { DetrHead, Head, PostProcessedHead, SsdHead } from './head.js';
import { numbersOf, tableOf, type Numbers, type Outputs, type Reals } from './numbers.js';

/** A head and its number of classes; null if only its outputs determine it. */
export interface ResolvedHead {
  readonly head: Head;
  readonly classes: number | null;
}

/** Coordinates up to this value are taken as normalised, since boxes may extend slightly beyond the image. */
const MAX_SHARE = 2;
/** Maximum deviation of the sum of a row's scores from 1. */
const SUM_ERROR = 1e-2;
/** Number of rows that are inspected. */
const LOOKED_AT = 50;

/**
 * Completes the manifest's head from the outputs of the first run.
 * @throws AppError `MODEL_MISMATCH` when the outputs do not match the family, or no family matches
 */
export function resolveHead(facts: HeadFacts): ResolvedHead {
  const family = facts.spec.family ?? guessFamily(facts);
  const picked = pickOutputs(family, facts);
  const resolved = RESOLVE[family](picked, facts);
  if (resolved.classes !== null && !(resolved.classes >= 1 && resolved.classes <= MAX_CLASSES)) {
    throw modelMismatch(
      `The network's outputs have ${String(resolved.classes)} classes if read as ${family}; 1 to ${String(MAX_CLASSES)} are allowed.`,
    );
  }
  return resolved;
}

type Resolve = (picked: PickedOutputs, facts: HeadFacts) => ResolvedHead;

const RESOLVE: Readonly<Record<DetectorFamily, Resolve>> = {
  yolov5: (picked, facts) => resolveYolo('yolov5', picked, facts),
  yolov8: (picked, facts) => resolveYolo('yolov8', picked, facts),
  yolox: (picked, facts) => resolveYolo('yolox', picked, facts),
  end_to_end: resolveEndToEnd,
  ssd: resolveSsd,
  post_processed: resolvePostProcessed,
  detr: resolveDetr,
  yunet: resolveYunet,
};

function resolveYolo(
  family: 'yolov5' | 'yolov8' | 'yolox',
  { rows }: PickedOutputs,
  { spec, outputs, labels }: HeadFacts,
): ResolvedHead {
  const output = named(outputs, rows, 'rows');
  const table = tableOf(output);
  const before = family === 'yolov8' ? 4 : 5;
  const wanted = before + (spec.classes ?? labels);
  // The numbers of a box are the dimension that matches the classes, otherwise the shorter one, as there are
  // more boxes than classes.
  const boxesFirst =
    wanted > before && (table.rows === wanted) !== (table.columns === wanted)
      ? table.columns === wanted
      : table.columns < table.rows;
  const [boxes, numbers] = boxesFirst ? [table.rows, table.columns] : [table.columns, table.rows];
  requireRows(rows, boxes);
  const most = numbers - before;
  // Numbers beyond those of the labels are mask coefficients or key points; if they are probabilities, labels are missing.
  const hasOthers =
    labels > 0 && labels < most && !areShares(output, { boxes, numbers, boxesFirst, from: before + labels });
  const classes = spec.classes ?? (hasOthers ? labels : most);
  const coordinates = spec.coordinates ?? 'pixels';
  return {
    head: { family, rows: rows ?? '', boxesFirst, classes, coordinates, strides: spec.strides },
    classes,
  };
}

/** Whether all numbers of the boxes from the one at `from` are between 0 and 1. */
function areShares(
  { data }: Numbers,
  layout: {
    readonly boxes: number;
    readonly numbers: number;
    readonly boxesFirst: boolean;
    readonly from: number;
  },
): boolean {
  const { boxes, numbers, boxesFirst, from } = layout;
  return data.subarray(0, boxes * numbers).every((value, at) => {
    const number = boxesFirst ? at % numbers : Math.floor(at / boxes);
    return number < from || (value >= 0 && value <= 1);
  });
}

function resolveEndToEnd({ rows }: PickedOutputs, { spec, outputs }: HeadFacts): ResolvedHead {
  const { columns } = tableOf(named(outputs, rows, 'rows'));
  if (columns !== 6 && columns !== 7) {
    throw modelMismatch(
      `The network's output ${rows ?? ''} has ${String(columns)} numbers per box; final boxes have 6, or 7 with the image index.`,
    );
  }
  const coordinates = spec.coordinates ?? 'pixels';
  return { head: { family: 'end_to_end', rows: rows ?? '', columns, coordinates }, classes: null };
}

function resolveSsd(picked: PickedOutputs, { spec, outputs, labels }: HeadFacts): ResolvedHead {
  const scores = named(outputs, picked.scores, 'scores');
  const boxes = named(outputs, picked.boxes, 'boxes');
  const { rows, columns } = tableOf(scores);
  requireRows(picked.scores, rows);
  if (picked.anchors !== undefined && spec.encoding === undefined) {
    throw modelMismatch('The network returns anchors; set head/encoding to corner_offsets or centre_size.');
  }
  const rule = scoreRule({ scores, columns, labels }, spec);
  const head: SsdHead = {
    family: 'ssd',
    boxes: boxes.name,
    scores: scores.name,
    anchors: picked.anchors ?? null,
    encoding: spec.encoding ?? 'centre_size',
    variances: spec.variances,
    boxFormat: spec.boxFormat ?? 'xyxy',
    coordinates: spec.coordinates ?? coordinatesOf(outputs, picked, boxes),
    ...rule,
  };
  return { head, classes: classCount(columns, rule) };
}

/** The unit of anchors and final boxes, derived from their values. */
function coordinatesOf(
  outputs: Outputs,
  { anchors }: PickedOutputs,
  boxes: Numbers,
): 'pixels' | 'normalised' {
  const { data } = anchors === undefined ? boxes : numbersOf(outputs, anchors);
  return data.every((value: number) => Math.abs(value) <= MAX_SHARE) ? 'normalised' : 'pixels';
}

/**
 * Rows with a sum of 1 are the result of a softmax; one column more than labels means a background column in
 * front.
 */
function scoreRule(
  {
    scores,
    columns,
    labels,
  }: { readonly scores: Numbers; readonly columns: number; readonly labels: number },
  spec: HeadSpec,
): Pick<SsdHead, 'activation' | 'background'> {
  const values = scores.data.subarray(0, LOOKED_AT * columns);
  const areProbabilities = values.every((value) => value >= -1e-6 && value <= 1 + 1e-6);
  const sums =
    columns > 1 &&
    areProbabilities &&
    rowSums(values, columns).every((sum) => Math.abs(sum - 1) <= SUM_ERROR);
  const oneMore = labels > 0 && columns === labels + 1;
  const activation =
    spec.activation ?? (areProbabilities ? 'probabilities' : oneMore ? 'softmax' : 'sigmoid');
  const background = spec.background ?? (oneMore || (sums && columns !== labels) ? 'first' : 'none');
  return { activation, background };
}

function rowSums(values: Reals, columns: number): number[] {
  return Array.from({ length: Math.floor(values.length / columns) }, (_, row) => {
    let sum = 0;
    for (const value of values.subarray(row * columns, (row + 1) * columns)) sum += value;
    return sum;
  });
}

function resolvePostProcessed(picked: PickedOutputs, { spec, outputs }: HeadFacts): ResolvedHead {
  const boxes = named(outputs, picked.boxes, 'boxes');
  const scores = named(outputs, picked.scores, 'scores');
  const classes = named(outputs, picked.classes, 'classes');
  // The detection API of TensorFlow returns normalised boxes, y first, and counts classes from 1.
  const tensorflow = boxes.name.includes('detection_boxes');
  const head: PostProcessedHead = {
    family: 'post_processed',
    boxes: boxes.name,
    scores: scores.name,
    classes: classes.name,
    count: picked.count ?? null,
    boxFormat: spec.boxFormat ?? (tensorflow ? 'yxyx' : 'xyxy'),
    coordinates: spec.coordinates ?? (tensorflow ? 'normalised' : 'pixels'),
    firstClass: spec.firstClass ?? (tensorflow ? 1 : 0),
  };
  return { head, classes: null };
}

/** Columns of DETR networks trained on COCO: class numbers up to 90, and "no object". */
const DETR_COLUMNS = 92;

function resolveDetr(picked: PickedOutputs, { spec, outputs, labels }: HeadFacts): ResolvedHead {
  const scores = named(outputs, picked.scores, 'scores');
  const boxes = named(outputs, picked.boxes, 'boxes');
  const { columns } = tableOf(scores);
  const softmax = columns === labels + 1 || (labels === 0 && columns === DETR_COLUMNS);
  const rule: Pick<DetrHead, 'activation' | 'background'> = {
    activation: spec.activation ?? (softmax ? 'softmax' : 'sigmoid'),
    background: spec.background ?? (softmax ? 'last' : 'none'),
  };
  return {
    head: { family: 'detr', boxes: boxes.name, scores: scores.name, ...rule },
    classes: classCount(columns, rule),
  };
}

function resolveYunet(_picked: PickedOutputs, { spec, outputs, size }: HeadFacts): ResolvedHead {
  for (const stride of spec.strides) {
    for (const part of YUNET_PARTS) numbersOf(outputs, `${part}_${String(stride)}`);
  }
  requireRows(undefined, gridCells(spec.strides, size).length);
  return { head: { family: 'yunet', strides: spec.strides }, classes: 1 };
}

function named(outputs: Outputs, name: string | undefined, part: string): Numbers {
  if (name !== undefined) return numbersOf(outputs, name);
  const shapes = Object.entries(outputs).map(([output, { dims }]) => `${output} [${dims.join(', ')}]`);
  throw modelMismatch(
    `It is ambiguous which output contains the ${part}: ${shapes.join(', ')}; set head/outputs/${part}.`,
  );
}

function requireRows(name: string | undefined, rows: number): void {
  if (rows >= 1 && rows <= MAX_ROWS) return;
  throw modelMismatch(
    `The network${name === undefined ? '' : `'s output ${name}`} has ${String(rows)} boxes; 1 to ${String(MAX_ROWS)} are allowed.`,
  );
}
