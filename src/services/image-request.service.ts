import type { Media } from '../domain/dataset.js';
import type { Quote } from '../domain/money.js';
import type {
  AnsweringNetwork,
  Classification,
  EngineRequest,
  ImageSource,
  NetworkCatalogue,
  NetworkRef,
} from '../domain/network.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';
import { notFound } from '../errors/common-errors.js';
import type { ImageCharges } from './image-charges.js';
import type { NetworkRights } from './network-rights.service.js';
import { requireNetwork, type NetworkPurpose } from './require-network.js';

/** An image that is read into memory only when it is processed. */
export interface UnreadImage {
  readonly kind: 'unread';
  readonly bytes: number;
  /** Warnings recorded when the stored image was uploaded. */
  readonly warnings?: readonly string[];
  read(): Promise<Uint8Array>;
}

/**
 * Input of a request: bytes (or another source that the engines accept), an image on disk, or a stored image
 * of the caller.
 */
export type RequestInput<Source extends AnySource> =
  Source | UnreadImage | { readonly kind: 'media'; readonly mediaId: string };

/** Sources that engines accept: an image, for some tasks also a tensor. */
type AnySource = ImageSource | { readonly kind: 'tensor' };

/** Request for one image. */
export interface ImageRequest<Options> {
  readonly principal: Principal;
  readonly network: NetworkRef;
  readonly options: Options;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Result of one image of a batch. */
export type ImageOutcome<Answer> =
  { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly error: AppError };

/** Answers with their price and the network that computed them. */
export interface RequestOutcome<Answer> {
  readonly answer: Answer;
  readonly cost: Quote;
  /** Null when no image was answered. */
  readonly network: AnsweringNetwork | null;
  readonly totalMs: number;
}

/** Memory budget shared by all requests. */
interface ImageMemory {
  /** Runs `work` once `bytes` are available, and holds them until it settles. */
  run<Value>(bytes: number, work: () => Promise<Value>, signal?: AbortSignal): Promise<Value>;
}

/** Fields common to the answers of all engines. */
type AnyAnswer = Pick<Classification, 'network' | 'image'>;

/** One task on images: the engine call and its wording. */
interface ImageTask<Source extends AnySource, Options, Answer extends AnyAnswer> {
  readonly needed: NetworkPurpose;
  /** Name of the work in ledger descriptions. */
  readonly noun: string;
  /** Past participle for error messages, such as "classified". */
  readonly done: string;
  run(
    request: EngineRequest & { readonly source: Source | ImageSource; readonly options: Options },
  ): Promise<Answer>;
}

/** Dependencies of {@link ImageRequestService}. */
export interface ImageRequestDeps {
  readonly unitOfWork: UnitOfWork;
  readonly charges: ImageCharges;
  readonly catalogue: Pick<NetworkCatalogue, 'find'>;
  readonly rights: Pick<NetworkRights, 'require'>;
  /** Maximum size of an image in a request, in bytes. Stored images were checked when they were uploaded. */
  readonly maxImageBytes: number;
  /** Budget for images read from disk that are waiting for their answer. */
  readonly imageMemory: ImageMemory;
  /** Reads a stored image. */
  readonly readMedia: (media: Media) => Promise<Uint8Array>;
}

/**
 * Runs synchronous inference on images. Each image is charged in the transaction that follows its answer,
 * with one ledger row: a failed image is free, and so is work lost in a crash.
 */
export class ImageRequestService<Source extends AnySource, Options, Answer extends AnyAnswer> {
  readonly #deps: ImageRequestDeps;
  readonly #task: ImageTask<Source, Options, Answer>;

  constructor(deps: ImageRequestDeps, task: ImageTask<Source, Options, Answer>) {
    this.#deps = deps;
    this.#task = task;
  }

  /**
   * The price of this number of images, from the same code that charges. @throws AppError as `requireNetwork`
   * does
   */
  async quote(
    { network, principal: user }: Pick<ImageRequest<Options>, 'network' | 'principal'>,
    images: number,
  ): Promise<Quote> {
    await requireNetwork(this.#deps, network, { ...this.#task.needed, user });
    return this.#deps.charges.quote(images);
  }

  /**
   * Processes one image.
   * @throws AppError `INSUFFICIENT_CREDITS`, NOT_FOUND for media of another user, and the errors of the
   *   engines
   */
  async execute(
    request: ImageRequest<Options>,
    input: RequestInput<Source>,
    kept?: OutcomeRecord<RequestOutcome<Answer>>,
  ): Promise<RequestOutcome<Answer>> {
    const startedAt = performance.now();
    await requireNetwork(this.#deps, request.network, { ...this.#task.needed, user: request.principal });
    // Checked before any work, so that a caller without credits cannot occupy an engine.
    await this.#deps.charges.requireCredits(request.principal, 1);
    const answer = await this.#answer(request, input);
    const { network } = answer;
    return this.#charge(request, await this.#outcome({ answer, network, images: 1, startedAt }), kept);
  }

  /**
   * Processes the images of one request. An image that fails does not affect the others; the method throws
   * only for errors that concern all of them.
   */
  async batch(
    request: ImageRequest<Options>,
    inputs: readonly (RequestInput<Source> | AppError)[],
    kept?: OutcomeRecord<RequestOutcome<readonly ImageOutcome<Answer>[]>>,
  ): Promise<RequestOutcome<readonly ImageOutcome<Answer>[]>> {
    const startedAt = performance.now();
    await requireNetwork(this.#deps, request.network, { ...this.#task.needed, user: request.principal });
    await this.#deps.charges.requireCredits(request.principal, inputs.length);
    const answer = await Promise.all(inputs.map((input) => this.#settle(request, input)));
    const done = answer.flatMap((one) => (one.ok ? [one.answer] : []));
    if (done.length === 0) throwCommon(answer);
    const [network = null] = done.map((one) => one.network);
    const outcome = await this.#outcome({ answer, network, images: done.length, startedAt });
    return this.#charge(request, outcome, kept);
  }

  async #outcome<Whole>({ images, startedAt, ...outcome }: Finished<Whole>): Promise<Charged<Whole>> {
    const cost = await this.#deps.charges.quote(images);
    return { ...outcome, cost, images, totalMs: performance.now() - startedAt };
  }

  async #settle(
    request: ImageRequest<Options>,
    input: RequestInput<Source> | AppError,
  ): Promise<ImageOutcome<Answer>> {
    try {
      if (input instanceof AppError) throw input;
      return { ok: true, answer: await this.#answer(request, input) };
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'internal') return { ok: false, error };
      throw error;
    }
  }

  async #answer(request: ImageRequest<Options>, input: RequestInput<Source>): Promise<Answer> {
    const { network, options, signal, timeoutMs, principal } = request;
    const { maxImageBytes, imageMemory } = this.#deps;
    const source = input.kind === 'media' ? await this.#stored(input.mediaId, principal) : input;
    const ask = (read: Source | ImageSource): Promise<Answer> =>
      this.#task.run({ ...network, source: read, options, signal, timeoutMs });
    if (source.kind === 'unread') {
      const { warnings = [] } = source;
      const work = async () => {
        const answer = await ask({ kind: 'image', bytes: await source.read() });
        return withWarnings(answer, warnings);
      };
      return imageMemory.run(source.bytes, work, signal);
    }
    if (source.kind === 'image') requireSize(source.bytes, maxImageBytes);
    return ask(source);
  }

  async #stored(mediaId: string, { userId }: Principal): Promise<UnreadImage> {
    const { datasets } = this.#deps.unitOfWork.read;
    const media = await datasets.findMedia(mediaId);
    if (!media || media.userId !== userId || media.deletedAt) throw notFound('Media', mediaId);
    const [dataset] = await datasets.findByIds([media.datasetId]);
    // Deleting a dataset also makes its images unavailable to their owner.
    if (!dataset || dataset.deletedAt) throw notFound('Media', mediaId);
    if (media.kind === 'image') {
      const { bytes, warnings } = media;
      return { kind: 'unread', bytes, warnings, read: () => this.#deps.readMedia(media) };
    }
    throw new AppError('PICTURE_TYPE', {
      message: `Media ${mediaId} is a ${media.kind}; only images can be ${this.#task.done}.`,
    });
  }

  /**
   * Charges for the answered images. If the response is stored for idempotent repeats, it is stored in the
   * same transaction as its charge; otherwise the charge may be batched with others of the account.
   */
  async #charge<Outcome extends Pick<Charged<unknown>, 'images'>>(
    { principal, network }: ImageRequest<Options>,
    outcome: Outcome,
    kept?: OutcomeRecord<NoInfer<Outcome>>,
  ): Promise<Outcome> {
    const { charges, unitOfWork } = this.#deps;
    const { userId } = principal;
    const charge = { userId, images: outcome.images, description: `${this.#task.noun} by ${network.id}` };
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

/** Adds the warnings recorded when a stored image was uploaded, which also apply to its answer. */
function withWarnings<Answer extends AnyAnswer>(answer: Answer, warnings: readonly string[]): Answer {
  const { image } = answer;
  if (!image || warnings.length === 0) return answer;
  return { ...answer, image: { ...image, warnings: [...warnings, ...image.warnings] } };
}

/** An answer before it is priced. */
interface Finished<Answer> extends Pick<RequestOutcome<Answer>, 'answer' | 'network'> {
  /** Number of images answered. */
  readonly images: number;
  readonly startedAt: number;
}

interface Charged<Answer> extends RequestOutcome<Answer> {
  readonly images: number;
}

function requireSize({ length }: Uint8Array, limit: number): void {
  if (length <= limit) return;
  throw new AppError('PICTURE_TOO_LARGE', {
    message: `The image has ${String(length)} bytes; at most ${String(limit)} are allowed.`,
    details: { bytes: length, limit },
  });
}

/** Kinds of errors that are not caused by an image. */
const COMMON_KINDS: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout']);

/**
 * Throws when no image was answered and the reason is not an image: that error then answers the whole
 * request.
 */
function throwCommon(outcomes: readonly ImageOutcome<unknown>[]): void {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const common = errors.find(
    ({ kind, code }) => COMMON_KINDS.has(kind) || /^(NETWORK|MODEL|LABELS)_/.test(code),
  );
  if (common) throw common;
}
