import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import { MAX_TENSOR_ELEMENTS } from '../runtime/refuse-unloadable.js';
import { modelMismatch, type TensorSession } from '../runtime/tensor-session.js';
import type { ClassifierManifest } from './classifier-manifest.js';
import { fromHalfBits } from '../runtime/half-float.js';
import type { ImageInput } from '../preprocessing/image-input.js';
import type { Activation } from './scores.js';

/** Input of the probe. */
export interface ProbeParts {
  readonly session: TensorSession;
  readonly manifest: Pick<ClassifierManifest, 'output' | 'batching'>;
  readonly input: ImageInput;
  /** In class order; may be empty. */
  readonly labels: readonly string[];
  /** Returns the operator that computes the output `name` of the graph, for activation `auto`. */
  readonly producer: (name: string) => string | undefined;
}

/** Properties of a network that its graph does not declare, determined by runs on test images. */
export interface ProbeResult {
  /** Name of the output with one score per class. */
  readonly output: string;
  readonly classes: number;
  readonly activation: Activation;
  /** Maximum number of images per run without affecting each other's scores. */
  readonly maxBatch: number;
}

/** Raw scores of one image. */
export type Scores = Float32Array | Float64Array;

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16']);
/** Maximum difference between an image's scores alone and in a batch, relative to the largest score. */
const SAME = 1e-3;
/** The same for half precision, and for devices that multiply with less than single precision. */
const ROUGHLY_SAME = 2e-2;
/** Maximum deviation of the sum of probabilities from 1, for half precision and quantised weights. */
const SUM_ERROR = 1e-2;

/** A run's output, split by image. */
interface Rows {
  readonly info: TensorInfo;
  readonly rows: readonly Scores[];
}

/**
 * Probes the graph with a bright and a dark test image, separately and as one batch. This detects errors that
 * only runs show: a wrong input size may fail deep inside the graph, an output's name may not match its
 * meaning, and graphs with an internal fixed batch size, or that mix rows, give wrong results or none for
 * batches.
 * @throws AppError `MODEL_MISMATCH` or `LABELS_MISMATCH` (invalid), and errors of the run
 */
export async function probeClassifier(parts: ProbeParts): Promise<ProbeResult> {
  const names = candidates(parts);
  const [bright, dark] = testImages(parts.input);
  const first = await runAlone(parts, bright, names);
  const { info, rows } = chooseOutput(parts, first);
  const [alone] = rows;
  checkLabels(parts.labels, alone.length);
  const [other] = rowsNamed(info.name, await runAlone(parts, dark, [info.name]));
  requireFinite(info.name, [alone, other]);
  return {
    output: info.name,
    classes: alone.length,
    activation: activationOf(parts, info, [alone, other]),
    maxBatch: await tryBatch(parts, info, [
      { image: bright, alone },
      { image: dark, alone: other },
    ]),
  };
}

/** Rejects a network whose scores are never finite, since every request to it would fail. */
function requireFinite(name: string, tried: readonly Scores[]): void {
  const wrong = tried.map((scores) => scores.find((score) => !Number.isFinite(score)));
  if (wrong.includes(undefined)) return;
  throw modelMismatch(
    `The network's output ${name} contains ${String(wrong[0])} for both test images; scores must be finite numbers.`,
  );
}

/** Scores in their original precision. @throws AppError `MODEL_MISMATCH` when the output is missing */
export function toScores(name: string, tensor: Tensor | undefined): Scores {
  if (tensor === undefined) throw modelMismatch(`The network returned no output ${name}.`);
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return tensor.data;
  if (tensor.dtype === 'float16') return Float32Array.from(tensor.data, fromHalfBits);
  return Float64Array.from(tensor.data as Iterable<number | bigint>, Number);
}

/**
 * The output named by the manifest, otherwise all floating-point outputs: integers are class indices or
 * counts, not scores.
 */
function candidates({ session, manifest }: ProbeParts): readonly string[] {
  const { name } = manifest.output;
  const known = session.outputs.map((output) => output.name);
  if (name !== undefined) {
    if (known.includes(name)) return [name];
    throw modelMismatch(`The network has no output ${name}; it has ${known.join(', ')}.`);
  }
  const floats = session.outputs.filter(({ dtype }) => FLOATS.has(dtype));
  if (floats.length > 0) return floats.map((output) => output.name);
  const list = session.outputs.map((output) => `${output.name} ${output.dtype}`).join(', ');
  throw modelMismatch(
    `Class scores must be floating-point numbers, but the network's outputs are ${list}; set output/name if one of them contains scores.`,
  );
}

/**
 * Deterministic noise in the upper and in the lower half of the value range, so that no network takes the
 * images for the same one.
 */
function testImages({ preprocessing }: ImageInput): readonly [Uint8Array, Uint8Array] {
  const { width, height, channels } = preprocessing.shape;
  const bright = new Uint8Array(width * height * channels);
  const dark = new Uint8Array(bright.length);
  let state = 1;
  for (let at = 0; at < bright.length; at += 1) {
    // Linear congruential generator of Numerical Recipes (Press et al., section 7.1); only its upper bits are
    // used.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bright[at] = 128 + (state >>> 25);
    dark[at] = (state >>> 18) & 127;
  }
  return [bright, dark];
}

async function run(
  { session, input }: ProbeParts,
  images: readonly Uint8Array[],
  names: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  const elements = input.preprocessor.allocate(images.length);
  images.forEach((pixels, index) => input.preprocessor.write(pixels, elements, index));
  return session.run(input.feeds(elements, images.length), names);
}

/** Outputs with one score per class, from a run with a single image. */
async function runAlone(
  parts: ProbeParts,
  image: Uint8Array,
  names: readonly string[],
): Promise<readonly Rows[]> {
  const outputs = await run(parts, [image], names);
  return parts.session.outputs
    .filter(({ name }) => names.includes(name))
    .map((info) => ({ info, rows: rowsOf(info.name, outputs[info.name], parts.input.fixedBatch ?? 1) }));
}

/** One row per image of the run; empty if the output is not a list of class scores. */
function rowsOf(name: string, tensor: Tensor, batch: number): readonly Scores[] {
  const { dims } = tensor;
  // The output of a single image may lack the batch dimension.
  const inner = batch === 1 ? dims : dims.slice(1);
  const isList = inner.filter((dim) => dim !== 1).length <= 1 && (batch === 1 || dims[0] === batch);
  const scores = toScores(name, tensor);
  const classes = scores.length / batch;
  if (!isList || classes < 1) return [];
  return Array.from({ length: batch }, (_, row) => scores.slice(row * classes, (row + 1) * classes));
}

function rowsNamed(name: string, found: readonly Rows[]): readonly Scores[] {
  const rows = found.find(({ info }) => info.name === name)?.rows ?? [];
  if (rows.length > 0) return rows;
  throw modelMismatch(`The network's output ${name} changes its shape from one image to the next.`);
}

/**
 * The output with as many scores as there are labels, otherwise the first one with several classes, otherwise
 * the first one.
 */
function chooseOutput({ labels }: ProbeParts, found: readonly Rows[]): Rows {
  const lists = found.filter(({ rows }) => rows.length > 0);
  const chosen =
    lists.find(({ rows: [scores] }) => labels.length > 0 && scores.length === labels.length) ??
    lists.find(({ rows: [scores] }) => scores.length > 1) ??
    lists[0];
  if (chosen !== undefined) return chosen;
  const shapes = found.map(({ info }) => `${info.name} [${info.dims.join(', ')}]`).join(', ');
  throw modelMismatch(
    `A classifier gives one score for each class of an image; the network's outputs are ${shapes}.`,
  );
}

function checkLabels(labels: readonly string[], classes: number): void {
  if (labels.length === 0 || labels.length === classes) return;
  throw new AppError('LABELS_MISMATCH', {
    message: `There are ${String(labels.length)} labels, but the network has ${String(classes)} classes.`,
    details: { expected: classes, given: labels.length },
  });
}

/**
 * The activation: from the manifest, otherwise from the graph's last operator, otherwise guessed from the
 * values.
 */
function activationOf(
  { manifest, producer }: ProbeParts,
  { name }: TensorInfo,
  tried: readonly Scores[],
): Activation {
  const { activation } = manifest.output;
  if (activation !== 'auto') return activation;
  const operator = producer(name) ?? '';
  if (/Softmax$/.test(operator) && operator !== 'LogSoftmax') return 'probabilities';
  if (/Sigmoid$/.test(operator) || tried.every(isDistribution)) return 'probabilities';
  // A single score is a binary classification.
  return tried[0].length === 1 ? 'sigmoid' : 'logits';
}

function isDistribution(scores: Scores): boolean {
  let sum = 0;
  for (const score of scores) {
    if (!(score >= -1e-3 && score <= 1 + 1e-3)) return false;
    sum += score;
  }
  return scores.length > 1 && Math.abs(sum - 1) <= SUM_ERROR;
}

interface TriedAlone {
  readonly image: Uint8Array;
  readonly alone: Scores;
}

/**
 * The batch size of the manifest or the graph; 1 if images in a batch do not get the same scores as alone.
 */
async function tryBatch(parts: ProbeParts, info: TensorInfo, tried: readonly TriedAlone[]): Promise<number> {
  const { input, manifest, session } = parts;
  const room = Math.max(1, Math.floor(MAX_TENSOR_ELEMENTS / input.preprocessor.elements));
  const wanted = input.fixedBatch ?? Math.min(manifest.batching.maxBatch, room);
  if (wanted === 1) return 1;
  const images = tried.map(({ image }) => image);
  const tolerance = info.dtype === 'float16' || session.device !== 'cpu' ? ROUGHLY_SAME : SAME;
  try {
    const outputs = await run(parts, images, [info.name]);
    const rows = rowsOf(info.name, outputs[info.name], input.fixedBatch ?? images.length);
    const same = tried.every(({ alone }, index) => agree(alone, rows[index], tolerance));
    return same ? wanted : 1;
  } catch (error) {
    if (error instanceof AppError) return 1;
    throw error;
  }
}

function agree(alone: Scores, together: Scores | undefined, tolerance: number): boolean {
  if (together?.length !== alone.length) return false;
  let largest = 1e-6;
  for (const score of alone) largest = Math.max(largest, Math.abs(score));
  return alone.every((score, index) => {
    const other = together[index];
    return Object.is(score, other) || Math.abs(score - other) <= tolerance * largest;
  });
}
