import type { Detection, DetectOptions } from '../../domain/detection.js';
import type { Image } from '../../vision/image/image.js';
import type { TensorSession } from '../runtime/tensor-session.js';
import { CandidateList, type Candidate } from './candidates.js';
import type { DetectorFamily, DetectorManifest } from './detector-manifest.js';
import { decode } from './decode.js';
import type { Head, InputSize } from './head.js';
import { DetectorInput, type FitImage, type PlacedImage } from './image-input.js';
import { Labels } from './labels.js';
import { suppressDuplicates } from './non-max-suppression.js';
import { resolveHead } from './resolve-head.js';

/** Parts of a {@link Detector}. */
export interface DetectorParts {
  readonly session: TensorSession;
  readonly manifest: Pick<
    DetectorManifest,
    'preprocessing' | 'extraInputs' | 'head' | 'threshold' | 'nms' | 'maxDetections'
  >;
  /** In class order; may be empty. */
  readonly labels: readonly string[];
  /** `fitImage` of the media folder, passed in because networks must not import media. */
  readonly fit: FitImage;
}

/** Families whose graphs return each object only once. */
const WITHOUT_DUPLICATES: ReadonlySet<DetectorFamily> = new Set(['end_to_end', 'post_processed', 'detr']);
/** Grey level of the image for the first run. */
const GREY = 114;

/** A loaded detector: image to input tensor, graph, outputs to boxes in pixels of the image. */
export class Detector {
  readonly #parts: DetectorParts;
  readonly #input: DetectorInput;
  readonly #head: Head;
  readonly #labels: Labels;

  private constructor(parts: DetectorParts, input: DetectorInput, resolved: { head: Head; labels: Labels }) {
    this.#parts = parts;
    this.#input = input;
    this.#head = resolved.head;
    this.#labels = resolved.labels;
  }

  /**
   * Runs the graph once on a grey image, since a wrong size may fail only deep inside the graph, and the
   * shapes of dynamic outputs are only known after a run.
   * @throws AppError `MODEL_MISMATCH`, `PREPROCESSING_INVALID` or `LABELS_MISMATCH` (invalid) when graph and
   *   manifest disagree, and errors of the run
   */
  static async open(parts: DetectorParts): Promise<Detector> {
    const { session, manifest } = parts;
    const input = new DetectorInput(session.inputs, manifest, parts.fit);
    const { width, height } = input.size;
    const grey = { width, height, data: new Uint8Array(width * height * 3).fill(GREY) };
    const outputs = await session.run(input.place(grey).feeds);
    const { head, classes } = resolveHead({
      spec: manifest.head,
      outputs,
      size: input.size,
      labels: parts.labels.length,
    });
    const labels = new Labels(parts.labels, { classes, background: backgroundOf(head) });
    const detector = new Detector(parts, input, { head, labels });
    decode(head, outputs, { size: input.size, found: new CandidateList(manifest.threshold) });
    return detector;
  }

  get family(): DetectorFamily {
    return this.#head.family;
  }

  /** Names of all classes without the background; if the number of classes is unknown, those with labels. */
  get labels(): readonly string[] {
    return this.#labels.names;
  }

  /** Default minimum score. */
  get threshold(): number {
    return this.#parts.manifest.threshold;
  }

  /** Default maximum number of objects in an answer. */
  get maxDetections(): number {
    return this.#parts.manifest.maxDetections;
  }

  /**
   * Detects objects in an image, in descending order of score.
   * @throws AppError `LABELS_UNKNOWN` (invalid), `MODEL_OUTPUT_INVALID`, `MODEL_MISMATCH` and errors of the
   *   run
   */
  async detect(image: Image, options: DetectOptions = {}): Promise<Detection[]> {
    const { session, manifest } = this.#parts;
    const wanted = options.labels && this.#labels.indicesOf(options.labels);
    const placed = this.#input.place(image);
    const outputs = await session.run(placed.feeds);
    const found = new CandidateList(options.threshold ?? manifest.threshold);
    decode(this.#head, outputs, { size: this.#input.size, found });
    const candidates = onImage(found.best(), placed, image).filter(
      ({ label }) => this.#labels.isPossible(label) && (wanted === undefined || wanted.has(label)),
    );
    const most = options.maxDetections ?? manifest.maxDetections;
    const kept = WITHOUT_DUPLICATES.has(this.family)
      ? candidates.slice(0, most)
      : suppressDuplicates(candidates, { ...manifest.nms, most });
    return kept.map((candidate) => this.#toDetection(candidate));
  }

  #toDetection({ left, top, right, bottom, score, label }: Candidate): Detection {
    return {
      label: this.#labels.nameOf(label),
      labelIndex: label,
      score: Math.min(1, score),
      box: { x: left, y: top, width: right - left, height: bottom - top },
    };
  }
}

const backgroundOf = (head: Head): 'first' | 'last' | 'none' =>
  'background' in head ? head.background : 'none';

/** Boxes in pixels of the image, clipped at its edges; those outside of it are dropped. */
function onImage(
  candidates: readonly Candidate[],
  { placement }: PlacedImage,
  image: InputSize,
): Candidate[] {
  const { whole, part, left, top } = placement;
  const across = (x: number): number =>
    clamp(((x - left + part.left) * image.width) / whole.width, image.width);
  const down = (y: number): number =>
    clamp(((y - top + part.top) * image.height) / whole.height, image.height);
  return candidates
    .map((box) => ({
      ...box,
      left: across(box.left),
      right: across(box.right),
      top: down(box.top),
      bottom: down(box.bottom),
    }))
    .filter((box) => box.right > box.left && box.bottom > box.top);
}

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
