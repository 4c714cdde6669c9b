import type { Media } from '../domain/dataset.js';
import type { Quote } from '../domain/money.js';
import type {
  Classification,
  ClassifyOptions,
  ClassifySource,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
} from '../domain/network.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { PictureCharges } from './picture-charges.js';

/** Pictures that one request may bring. */
export const MAX_PICTURES = 10;

/** What a caller hands in: bytes, a ready tensor, or a stored picture of its own. */
export type ClassifyInput = ClassifySource | { readonly kind: 'media'; readonly mediaId: string };

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
  readonly network: LoadedNetwork | null;
  readonly totalMs: number;
}

/** What the service is made of. */
export interface ClassificationDeps {
  readonly unitOfWork: UnitOfWork;
  readonly charges: PictureCharges;
  readonly engines: Pick<NetworkEngines, 'classify' | 'loaded'>;
  readonly catalogue: Pick<NetworkCatalogue, 'find'>;
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
    beforeCommit?: (scope: TransactionScope, outcome: ClassifyOutcome<Classification>) => Promise<void>,
  ): Promise<ClassifyOutcome<Classification>> {
    const startedAt = performance.now();
    // Before any work: a caller without credits should not keep an engine busy.
    await this.deps.charges.requireCredits(request.principal, 1);
    const answer = await this.#classify(request, input);
    return this.#charge(request, 1, await this.#outcome(request, answer, 1, startedAt), beforeCommit);
  }

  /** Classifies up to {@link MAX_PICTURES}; a bad one fails alone. Throws only for what concerns them all. */
  async batch(
    request: ClassifyRequest,
    inputs: readonly (ClassifyInput | AppError)[],
    beforeCommit?: (
      scope: TransactionScope,
      outcome: ClassifyOutcome<readonly PictureOutcome[]>,
    ) => Promise<void>,
  ): Promise<ClassifyOutcome<readonly PictureOutcome[]>> {
    const startedAt = performance.now();
    await this.deps.catalogue.find(request.network);
    await this.deps.charges.requireCredits(request.principal, inputs.length);
    const answer = await Promise.all(inputs.map((input) => this.#settle(request, input)));
    const done = answer.filter(({ ok }) => ok).length;
    const outcome = await this.#outcome(request, answer, done, startedAt);
    return this.#charge(request, done, outcome, beforeCommit);
  }

  async #outcome<Answer>(
    { network }: ClassifyRequest,
    answer: Answer,
    pictures: number,
    startedAt: number,
  ): Promise<ClassifyOutcome<Answer>> {
    return {
      answer,
      cost: await this.deps.charges.quote(pictures),
      network: this.#loaded(network),
      totalMs: performance.now() - startedAt,
    };
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
    const source: ClassifySource =
      input.kind === 'media'
        ? { kind: 'picture', bytes: await this.#picture(input.mediaId, principal) }
        : input;
    return this.deps.engines.classify({ ...network, source, options, signal, timeoutMs });
  }

  async #picture(mediaId: string, { userId }: Principal): Promise<Uint8Array> {
    const media = await this.deps.unitOfWork.read.datasets.findMedia(mediaId);
    if (!media || media.userId !== userId) throw notFound('Media', mediaId);
    if (media.kind === 'image') return this.deps.readMedia(media);
    throw new AppError({
      code: 'PICTURE_TYPE',
      kind: 'unsupported_type',
      message: `Media ${mediaId} is a ${media.kind}; only images can be classified.`,
    });
  }

  #loaded({ id, version }: NetworkRef): LoadedNetwork | null {
    const all = this.deps.engines.loaded();
    return all.find((one) => one.id === id && (version === undefined || one.version === version)) ?? null;
  }

  /**
   * Pays for what was classified. An answer that is to be kept for repeats is stored in the same transaction as its
   * charge; without one the charge may be written together with others of the account.
   */
  async #charge<Outcome extends { readonly cost: Quote }>(
    { principal, network }: ClassifyRequest,
    pictures: number,
    outcome: Outcome,
    beforeCommit?: (scope: TransactionScope, outcome: Outcome) => Promise<void>,
  ): Promise<Outcome> {
    const { charges, unitOfWork } = this.deps;
    const { userId } = principal;
    const charge = { userId, pictures, description: `Classification by ${network.id}` };
    if (!beforeCommit) await charges.capture(charge);
    else {
      await unitOfWork.run(async (scope) => {
        await charges.captureIn(scope, charge);
        await beforeCommit(scope, outcome);
      });
    }
    return outcome;
  }
}
