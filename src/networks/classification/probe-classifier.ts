import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import { MAX_TENSOR_ELEMENTS } from '../runtime/refuse-unloadable.js';
import { modelMismatch, type TensorSession } from '../runtime/tensor-session.js';
import type { ClassifierManifest } from './classifier-manifest.js';
import { fromHalfBits } from '../runtime/half-float.js';
import type { ImageInput } from '../preprocessing/image-input.js';
import type { Activation } from './scores.js';

/** What is tried out. */
export interface ProbeParts {
  readonly session: TensorSession;
  readonly manifest: Pick<ClassifierManifest, 'output' | 'batching'>;
  readonly input: ImageInput;
  /** In the order of the classes; may be empty. */
  readonly labels: readonly string[];
  /** Operator that makes the output `name` of the graph, for activation `auto`. */
  readonly producer: (name: string) => string | undefined;
}

/** Properties of a network that its graph does not state, found by runs on test images. */
export interface ProbeResult {
  /** Name of the output that holds one score for each class. */
  readonly output: string;
  readonly classes: number;
  readonly activation: Activation;
  /** Images that may share a run without changing each other's scores. */
  readonly maxBatch: number;
}

/** Scores of one image as the network gave them. */
export type Scores = Float32Array | Float64Array;

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16']);
/** Share of the largest score by which an image's scores may differ between a run alone and one in company. */
const SAME = 1e-3;
/** The same for half precision and for devices that multiply in less than single precision. */
const ROUGHLY_SAME = 2e-2;
/** By which probabilities may miss a sum of 1: half precision and quantised weights. */
const SUM_ERROR = 1e-2;

/** A run's output, cut into images. */
interface Rows {
  readonly info: TensorInfo;
  readonly rows: readonly Scores[];
}

/**
 * Runs the graph on test images, one bright and one dark, alone and together: a wrong size may fail only deep inside, an
 * output may mean something else than its name says, and graphs whose batch is fixed somewhere inside, or that
 * mix their rows, answer wrongly or not at all when images share a run.
 *
 * @throws AppError `MODEL_MISMATCH` or `LABELS_MISMATCH` (invalid), and what a run throws
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

/** Every request is refused whose scores are not finite, so a network that gives no others can serve none. */
function requireFinite(name: string, tried: readonly Scores[]): void {
  const wrong = tried.map((scores) => scores.find((score) => !Number.isFinite(score)));
  if (wrong.includes(undefined)) return;
  throw modelMismatch(
    `The network's output ${name} holds ${String(wrong[0])} for both test images; scores must be finite numbers.`,
  );
}

/** Scores in their own precision. @throws AppError `MODEL_MISMATCH` where the output is missing */
export function toScores(name: string, tensor: Tensor | undefined): Scores {
  if (tensor === undefined) throw modelMismatch(`The network gave no output ${name}.`);
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return tensor.data;
  if (tensor.dtype === 'float16') return Float32Array.from(tensor.data, fromHalfBits);
  return Float64Array.from(tensor.data as Iterable<number | bigint>, Number);
}

/** The output that the manifest names, or those of floating point: whole numbers are classes already, or boxes' counts. */
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
    `Scores of classes are of floating point, the network's outputs are ${list}; name one in output/name if it holds scores.`,
  );
}

/** Noise in the upper and in the lower half of the levels, the same each time: images that no network takes for one. */
function testImages({ preprocessing }: ImageInput): readonly [Uint8Array, Uint8Array] {
  const { width, height, channels } = preprocessing.shape;
  const bright = new Uint8Array(width * height * channels);
  const dark = new Uint8Array(bright.length);
  let state = 1;
  for (let at = 0; at < bright.length; at += 1) {
    // The generator of Numerical Recipes (Press et al., section 7.1); its upper bits are noise enough.
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

/** Outputs that hold one score for each class of the image. */
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

/** One row for each image of the run; none where the output is no list of classes. */
function rowsOf(name: string, tensor: Tensor, batch: number): readonly Scores[] {
  const { dims } = tensor;
  // A single image's output may have lost the axis of the batch.
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

/** The list that is as long as the labels, else the first one of several classes, else the first one. */
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

/** If the manifest does not say it, the graph's last operator decides; if that is unknown, the values do. */
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
  // One score alone is that of "yes" against "no".
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

/** The manifest's batch, or the graph's; 1 where two images of one run do not get the scores that each gets alone. */
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
