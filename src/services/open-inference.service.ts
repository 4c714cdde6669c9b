import type { LoadedNetwork, NetworkEngines, NetworkRef } from '../domain/network.js';
import type { Tensor } from '../domain/tensor.js';
import { AppError } from '../errors/app-error.js';
import type { NetworkRights, NetworkUser } from './network-rights.service.js';
import type { NetworkStatus, NetworkView } from './network-status.js';

/** Charges for completed work. */
export interface InferencePayment {
  /**
   * Checks the balance before the work and charges after it. Work that throws is free.
   * @throws AppError INSUFFICIENT_CREDITS
   */
  run<Value>(work: PaidWork, compute: () => Promise<Value>): Promise<Value>;
}

/** The payer and the number of images. */
export interface PaidWork {
  readonly userId: string;
  readonly images: number;
  readonly description: string;
}

/** A network run on tensors. */
export interface TensorInferenceRequest extends NetworkRef {
  readonly user: NetworkUser;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Names of the requested outputs; all by default. */
  readonly outputs?: readonly string[];
  /** Number of rows (batch entries) that are charged. */
  readonly rows: number;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** Outputs of a network run. */
export interface InferenceAnswer {
  readonly network: { readonly id: string; readonly version: string };
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Dependencies of {@link OpenInferenceService}. */
export interface OpenInferenceDeps {
  readonly networks: NetworkStatus;
  readonly engines: Pick<NetworkEngines, 'load' | 'unload' | 'infer'>;
  readonly payment: InferencePayment;
  readonly rights: Pick<NetworkRights, 'require' | 'visible'>;
}

/** Operations of the Open Inference protocol on networks. */
export class OpenInferenceService {
  readonly #networks: NetworkStatus;
  readonly #engines: Pick<NetworkEngines, 'load' | 'unload' | 'infer'>;
  readonly #payment: InferencePayment;
  readonly #rights: Pick<NetworkRights, 'require' | 'visible'>;

  constructor({ networks, engines, payment, rights }: OpenInferenceDeps) {
    this.#networks = networks;
    this.#engines = engines;
    this.#payment = payment;
    this.#rights = rights;
  }

  /**
   * Loads a network and describes it with all its versions. @throws AppError of the catalogue and of loading
   */
  async describe(
    ref: NetworkRef,
    user: NetworkUser,
  ): Promise<{ readonly network: LoadedNetwork; readonly versions: readonly string[] }> {
    await this.#rights.require(user, ref.id);
    const { installed, loaded } = await this.#networks.find(ref);
    const { id, version } = installed;
    const network = loaded ?? (await this.#engines.load({ id, version }));
    const versions = await this.#networks.versions(id);
    return { network, versions: versions.map((one) => one.installed.version) };
  }

  /**
   * @throws AppError `NETWORK_NOT_FOUND`, or `NETWORK_NOT_LOADED` (not_found) for an installed network that
   *   is not loaded
   */
  async requireReady(ref: NetworkRef, user: NetworkUser): Promise<void> {
    await this.#rights.require(user, ref.id);
    const { installed, loaded } = await this.#networks.find(ref);
    if (loaded) return;
    throw new AppError('NETWORK_NOT_LOADED', {
      message: `Network ${installed.id} is not loaded; the first inference request or an admin loads it.`,
    });
  }

  /**
   * Runs a network, encodes the answer and charges its rows. Nothing is charged when encoding fails.
   * @param present encodes the answer for the client
   * @throws AppError of the engines, INSUFFICIENT_CREDITS, and errors of `present`
   */
  async infer<Presented>(
    inference: TensorInferenceRequest,
    present: (answer: InferenceAnswer) => Presented,
  ): Promise<Presented> {
    const { userId } = inference.user;
    await this.#rights.require(inference.user, inference.id);
    const { id, version } = (await this.#networks.find(inference)).installed;
    const { rows, feeds, outputs, signal, timeoutMs } = inference;
    const paid = { userId, images: rows, description: `Inference by network ${id}` };
    const request = { id, version, feeds, outputs, signal, timeoutMs };
    return this.#payment.run(paid, async () =>
      present({ network: { id, version }, outputs: await this.#engines.infer(request) }),
    );
  }

  /** All installed networks that the user may use, and whether each is loaded. */
  async index(user: NetworkUser): Promise<readonly NetworkView[]> {
    return this.#rights.visible(user, await this.#networks.list(), ({ installed }) => installed.id);
  }

  /** @throws AppError of the catalogue and of loading */
  async load(ref: NetworkRef): Promise<void> {
    await this.#engines.load({ ...ref, force: true });
  }

  /** @throws AppError `NETWORK_NOT_FOUND` for a network that is neither loaded nor installed */
  async unload(ref: NetworkRef): Promise<void> {
    if (!(await this.#engines.unload(ref))) await this.#networks.find(ref);
  }
}
