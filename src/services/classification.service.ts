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
import type { UnitOfWork } from '../domain/repositories.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';
import { notFound } from '../errors/common-errors.js';
import type { PictureCharges } from './picture-charges.js';
import { requireNetwork } from './require-network.js';

const CLASSIFIERS = { task: 'classification', purpose: 'tell classes' } as const;

/** A picture that is read into memory when its turn comes. */
export interface UnreadPicture {
  readonly kind: 'unread';
  readonly bytes: number;
  /** How a stored picture was read when it was uploaded. */
  readonly warnings?: readonly string[];
  read(): Promise<Uint8Array>;
}

/** What a caller hands in: bytes, a ready tensor, a picture on disk, or a stored picture of its own. */
export type ClassifyInput =
  ClassifySource | UnreadPicture | { readonly kind: 'media'; readonly mediaId: string };

/** One request. */
export interface ClassifyRequest {
  readonly principal: Principal;
  readonly network: NetworkRef;
  readonly options: ClassifyOptions;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What became of one picture of a batch. */
export type PictureOutcome =
  | { readonly ok: true; readonly classification: Classification }
  | { readonly ok: false; readonly error: AppError };

/** Answers with what they cost and which network gave them. */
export interface ClassifyOutcome<Answer> {
  readonly answer: Answer;
  readonly cost: Quote;
  /** Null where no picture was classified. */
  readonly network: AnsweringNetwork | null;
  readonly totalMs: number;
}

/** Memory that requests share. */
interface PictureMemory {
  /** Waits until so many bytes are free, and holds them while `work` runs. */
  run<Value>(bytes: number, work: () => Promise<Value>, signal?: AbortSignal): Promise<Value>;
}

/** What the service is made of. */
export interface ClassificationDeps {
  readonly unitOfWork: UnitOfWork;
  readonly charges: PictureCharges;
  readonly engines: Pick<NetworkEngines, 'classify'>;
  readonly catalogue: Pick<NetworkCatalogue, 'find'>;
  /** Largest picture that a request may bring, in bytes; stored ones were measured when they were stored. */
  readonly maxPictureBytes: number;
  /** Memory of all pictures that were read from disk and wait for their answer. */
  readonly pictureMemory: PictureMemory;
  /** Bytes of a stored picture. */
  readonly readMedia: (media: Media) => Promise<Uint8Array>;
}

/**
 * Classifies pictures while the caller waits. A picture is paid for in the transaction that follows its answer, one row
 * of the ledger each: what failed costs nothing, and a crash in between charges nothing.
 */
export class ClassificationService {
  constructor(private readonly deps: ClassificationDeps) {}

  /** The price of so many pictures by the code that charges. @throws AppError `NETWORK_NOT_FOUND` */
  async quote(network: NetworkRef, pictures: number): Promise<Quote> {
    await this.deps.catalogue.find(network);
    return this.deps.charges.quote(pictures);
  }

  /**
   * Classifies one picture.
   * @throws AppError `INSUFFICIENT_CREDITS`, NOT_FOUND for a media of somebody else, and the engines'
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
    return this.#charge(request, await this.#outcome({ answer, network, pictures: 1, startedAt }), kept);
  }

  /** Classifies the pictures of one request; a bad one fails alone. Throws only for what concerns them all. */
  async batch(
    request: ClassifyRequest,
    inputs: readonly (ClassifyInput | AppError)[],
    kept?: OutcomeRecord<ClassifyOutcome<readonly PictureOutcome[]>>,
  ): Promise<ClassifyOutcome<readonly PictureOutcome[]>> {
    const startedAt = performance.now();
    await requireNetwork(this.deps.catalogue, request.network, CLASSIFIERS);
    await this.deps.charges.requireCredits(request.principal, inputs.length);
    const answer = await Promise.all(inputs.map((input) => this.#settle(request, input)));
    const done = answer.flatMap((one) => (one.ok ? [one.classification] : []));
    if (done.length === 0) throwCommon(answer);
    const [network = null] = done.map((classification) => classification.network);
    const outcome = await this.#outcome({ answer, network, pictures: done.length, startedAt });
    return this.#charge(request, outcome, kept);
  }

  async #outcome<Answer>({ pictures, startedAt, ...outcome }: Finished<Answer>): Promise<Charged<Answer>> {
    const cost = await this.deps.charges.quote(pictures);
    return { ...outcome, cost, pictures, totalMs: performance.now() - startedAt };
  }

  async #settle(request: ClassifyRequest, input: ClassifyInput | AppError): Promise<PictureOutcome> {
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
    const { engines, maxPictureBytes, pictureMemory } = this.deps;
    const source = input.kind === 'media' ? await this.#stored(input.mediaId, principal) : input;
    const classify = (read: ClassifySource): Promise<Classification> =>
      engines.classify({ ...network, source: read, options, signal, timeoutMs });
    if (source.kind === 'unread') {
      const { warnings = [] } = source;
      const work = async () => {
        const classification = await classify({ kind: 'picture', bytes: await source.read() });
        return withWarnings(classification, warnings);
      };
      return pictureMemory.run(source.bytes, work, signal);
    }
    if (source.kind === 'picture') requireSize(source.bytes, maxPictureBytes);
    return classify(source);
  }

  async #stored(mediaId: string, { userId }: Principal): Promise<UnreadPicture> {
    const { datasets } = this.deps.unitOfWork.read;
    const media = await datasets.findMedia(mediaId);
    if (!media || media.userId !== userId) throw notFound('Media', mediaId);
    const [dataset] = await datasets.findByIds([media.datasetId]);
    // With its dataset a picture is gone for its owner too.
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
  async #charge<Outcome extends Pick<Charged<unknown>, 'pictures'>>(
    { principal, network }: ClassifyRequest,
    outcome: Outcome,
    kept?: OutcomeRecord<NoInfer<Outcome>>,
  ): Promise<Outcome> {
    const { charges, unitOfWork } = this.deps;
    const { userId } = principal;
    const charge = { userId, pictures: outcome.pictures, description: `Classification by ${network.id}` };
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

/** What was said of a stored picture when it was uploaded holds for what is read from it. */
function withWarnings(classification: Classification, warnings: readonly string[]): Classification {
  const { picture } = classification;
  if (!picture || warnings.length === 0) return classification;
  return { ...classification, picture: { ...picture, warnings: [...warnings, ...picture.warnings] } };
}

/** An answer before its price is known. */
interface Finished<Answer> extends Pick<ClassifyOutcome<Answer>, 'answer' | 'network'> {
  /** How many were classified. */
  readonly pictures: number;
  readonly startedAt: number;
}

interface Charged<Answer> extends ClassifyOutcome<Answer> {
  readonly pictures: number;
}

function requireSize({ length }: Uint8Array, limit: number): void {
  if (length <= limit) return;
  throw new AppError('PICTURE_TOO_LARGE', {
    message: `The picture has ${String(length)} bytes; at most ${String(limit)} are allowed.`,
    details: { bytes: length, limit },
  });
}

/** Kinds of errors that say nothing of a picture. */
const COMMON_KINDS: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout']);

/** Where nothing was classified for a reason that is no picture's, that reason is the answer to the request. */
function throwCommon(outcomes: readonly PictureOutcome[]): void {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const common = errors.find(
    ({ kind, code }) => COMMON_KINDS.has(kind) || /^(NETWORK|MODEL|LABELS)_/.test(code),
  );
  if (common) throw common;
}
