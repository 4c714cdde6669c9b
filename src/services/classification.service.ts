import type { Media } from '../domain/dataset.js';
import type { Quote } from '../domain/money.js';
import type {
  AnsweringNetwork,
  Classification,
  ClassifyOptions,
  ClassifySource,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
} from '../domain/network.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';
import { notFound } from '../errors/common-errors.js';
import type { ImageCharges } from './image-charges.js';
import { requireNetwork } from './require-network.js';

const CLASSIFIERS = { task: 'classification', purpose: 'tell classes' } as const;

/** An image that is read into memory when its turn comes. */
export interface UnreadImage {
  readonly kind: 'unread';
  readonly bytes: number;
  /** How a stored image was read when it was uploaded. */
  readonly warnings?: readonly string[];
  read(): Promise<Uint8Array>;
}

/** What a caller passes: bytes, a ready tensor, an image on disk, or one of its stored images. */
export type ClassifyInput =
  ClassifySource | UnreadImage | { readonly kind: 'media'; readonly mediaId: string };

/** One request. */
export interface ClassifyRequest {
  readonly principal: Principal;
  readonly network: NetworkRef;
  readonly options: ClassifyOptions;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What became of one image of a batch. */
export type ImageOutcome =
  | { readonly ok: true; readonly classification: Classification }
  | { readonly ok: false; readonly error: AppError };

/** Answers with what they cost and which network gave them. */
export interface ClassifyOutcome<Answer> {
  readonly answer: Answer;
  readonly cost: Quote;
  /** Null where no image was classified. */
  readonly network: AnsweringNetwork | null;
  readonly totalMs: number;
}

/** Memory that requests share. */
interface ImageMemory {
  /** Waits until so many bytes are free, and holds them while `work` runs. */
  run<Value>(bytes: number, work: () => Promise<Value>, signal?: AbortSignal): Promise<Value>;
}

/** What the service is made of. */
export interface ClassificationDeps {
  readonly unitOfWork: UnitOfWork;
  readonly charges: ImageCharges;
  readonly engines: Pick<NetworkEngines, 'classify'>;
  readonly catalogue: Pick<NetworkCatalogue, 'find'>;
  /** Largest image that a request may bring, in bytes; stored ones were measured when they were stored. */
  readonly maxImageBytes: number;
  /** Memory of all images that were read from disk and wait for their answer. */
  readonly imageMemory: ImageMemory;
  /** Bytes of a stored image. */
  readonly readMedia: (media: Media) => Promise<Uint8Array>;
}

/**
 * Classifies images while the caller waits. An image is paid for in the transaction that follows its answer, one row
 * of the ledger each: what failed costs nothing, and a crash in between charges nothing.
 */
export class ClassificationService {
  constructor(private readonly deps: ClassificationDeps) {}

  /** The price of so many images by the code that charges. @throws AppError `NETWORK_NOT_FOUND` */
  async quote(network: NetworkRef, images: number): Promise<Quote> {
    await this.deps.catalogue.find(network);
    return this.deps.charges.quote(images);
  }

  /**
   * Classifies one image.
   * @throws AppError `INSUFFICIENT_CREDITS`, NOT_FOUND for media of another user, and the engines'
   */
  async execute(
    request: ClassifyRequest,
    input: ClassifyInput,
    kept?: OutcomeRecord<ClassifyOutcome<Classification>>,
  ): Promise<ClassifyOutcome<Classification>> {
    const startedAt = performance.now();
    await requireNetwork(this.deps.catalogue, request.network, CLASSIFIERS);
    // Before any work: a caller without credits should not keep an engine busy.
    await this.deps.charges.requireCredits(request.principal, 1);
    const answer = await this.#classify(request, input);
    const { network } = answer;
    return this.#charge(request, await this.#outcome({ answer, network, images: 1, startedAt }), kept);
  }

  /** Classifies the images of one request; a bad one fails alone. Throws only for what concerns them all. */
  async batch(
    request: ClassifyRequest,
    inputs: readonly (ClassifyInput | AppError)[],
    kept?: OutcomeRecord<ClassifyOutcome<readonly ImageOutcome[]>>,
  ): Promise<ClassifyOutcome<readonly ImageOutcome[]>> {
    const startedAt = performance.now();
    await requireNetwork(this.deps.catalogue, request.network, CLASSIFIERS);
    await this.deps.charges.requireCredits(request.principal, inputs.length);
    const answer = await Promise.all(inputs.map((input) => this.#settle(request, input)));
    const done = answer.flatMap((one) => (one.ok ? [one.classification] : []));
    if (done.length === 0) throwCommon(answer);
    const [network = null] = done.map((classification) => classification.network);
    const outcome = await this.#outcome({ answer, network, images: done.length, startedAt });
    return this.#charge(request, outcome, kept);
  }

  async #outcome<Answer>({ images, startedAt, ...outcome }: Finished<Answer>): Promise<Charged<Answer>> {
    const cost = await this.deps.charges.quote(images);
    return { ...outcome, cost, images, totalMs: performance.now() - startedAt };
  }

  async #settle(request: ClassifyRequest, input: ClassifyInput | AppError): Promise<ImageOutcome> {
    try {
      if (input instanceof AppError) throw input;
      return { ok: true, classification: await this.#classify(request, input) };
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'internal') return { ok: false, error };
      throw error;
    }
  }

  async #classify(request: ClassifyRequest, input: ClassifyInput): Promise<Classification> {
    const { network, options, signal, timeoutMs, principal } = request;
    const { engines, maxImageBytes, imageMemory } = this.deps;
    const source = input.kind === 'media' ? await this.#stored(input.mediaId, principal) : input;
    const classify = (read: ClassifySource): Promise<Classification> =>
      engines.classify({ ...network, source: read, options, signal, timeoutMs });
    if (source.kind === 'unread') {
      const { warnings = [] } = source;
      const work = async () => {
        const classification = await classify({ kind: 'image', bytes: await source.read() });
        return withWarnings(classification, warnings);
      };
      return imageMemory.run(source.bytes, work, signal);
    }
    if (source.kind === 'image') requireSize(source.bytes, maxImageBytes);
    return classify(source);
  }

  async #stored(mediaId: string, { userId }: Principal): Promise<UnreadImage> {
    const { datasets } = this.deps.unitOfWork.read;
    const media = await datasets.findMedia(mediaId);
    if (!media || media.userId !== userId) throw notFound('Media', mediaId);
    const [dataset] = await datasets.findByIds([media.datasetId]);
    // With its dataset an image is gone for its owner too.
    if (!dataset || dataset.deletedAt) throw notFound('Media', mediaId);
    if (media.kind === 'image') {
      const { bytes, warnings } = media;
      return { kind: 'unread', bytes, warnings, read: () => this.deps.readMedia(media) };
    }
    throw new AppError('PICTURE_TYPE', {
      message: `Media ${mediaId} is a ${media.kind}; only images can be classified.`,
    });
  }

  /**
   * Pays for what was classified. An answer that is to be kept for repeats is stored in the same transaction as its
   * charge; without one the charge may be written together with others of the account.
   */
  async #charge<Outcome extends Pick<Charged<unknown>, 'images'>>(
    { principal, network }: ClassifyRequest,
    outcome: Outcome,
    kept?: OutcomeRecord<NoInfer<Outcome>>,
  ): Promise<Outcome> {
    const { charges, unitOfWork } = this.deps;
    const { userId } = principal;
    const charge = { userId, images: outcome.images, description: `Classification by ${network.id}` };
    if (!kept) await charges.capture(charge);
    else {
      await unitOfWork.run(async (scope) => {
        await charges.captureIn(scope, charge);
        await kept.record(scope, outcome);
      });
    }
    return outcome;
  }
}

/** What was said of a stored image when it was uploaded holds for what is read from it. */
function withWarnings(classification: Classification, warnings: readonly string[]): Classification {
  const { image } = classification;
  if (!image || warnings.length === 0) return classification;
  return { ...classification, image: { ...image, warnings: [...warnings, ...image.warnings] } };
}

/** An answer before its price is known. */
interface Finished<Answer> extends Pick<ClassifyOutcome<Answer>, 'answer' | 'network'> {
  /** How many were classified. */
  readonly images: number;
  readonly startedAt: number;
}

interface Charged<Answer> extends ClassifyOutcome<Answer> {
  readonly images: number;
}

function requireSize({ length }: Uint8Array, limit: number): void {
  if (length <= limit) return;
  throw new AppError('PICTURE_TOO_LARGE', {
    message: `The image has ${String(length)} bytes; at most ${String(limit)} are allowed.`,
    details: { bytes: length, limit },
  });
}

/** Kinds of errors that say nothing of an image. */
const COMMON_KINDS: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout']);

/** Where nothing was classified for a reason that is no image's, that reason is the answer to the request. */
function throwCommon(outcomes: readonly ImageOutcome[]): void {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const common = errors.find(
    ({ kind, code }) => COMMON_KINDS.has(kind) || /^(NETWORK|MODEL|LABELS)_/.test(code),
  );
  if (common) throw common;
}
