import type { LoadedNetwork, NetworkEngines, NetworkRef } from '../domain/network.js';
import type { Tensor } from '../domain/tensor.js';
import { AppError } from '../errors/app-error.js';
import type { NetworkStatus, NetworkView } from './network-status.js';

/** Takes the price of work that was really done. */
export interface InferencePayment {
  /**
   * Refuses before the work when the balance is too small, and charges after it; nothing for work that throws.
   * @throws AppError INSUFFICIENT_CREDITS
   */
  run<Value>(order: PaidWork, work: () => Promise<Value>): Promise<Value>;
}

/** Who pays, and for how many images. */
export interface PaidWork {
  readonly userId: string;
  readonly images: number;
  readonly description: string;
}

/** A run of a network on tensors. */
export interface TensorInferenceRequest extends NetworkRef {
  readonly userId: string;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Names of the wanted outputs; all unless given. */
  readonly outputs?: readonly string[];
  /** Rows that are billed. */
  readonly rows: number;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** What a network answered. */
export interface InferenceAnswer {
  readonly network: { readonly id: string; readonly version: string };
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** What the Open Inference protocol needs of the networks. */
export class OpenInferenceService {
  readonly #networks: NetworkStatus;
  readonly #engines: Pick<NetworkEngines, 'load' | 'unload' | 'infer'>;
  readonly #payment: InferencePayment;

  constructor(
    networks: NetworkStatus,
    engines: Pick<NetworkEngines, 'load' | 'unload' | 'infer'>,
    payment: InferencePayment,
  ) {
    this.#networks = networks;
    this.#engines = engines;
    this.#payment = payment;
  }

  /** A network, in memory afterwards, and all its versions. @throws AppError of the catalogue and of loading */
  async describe(
    ref: NetworkRef,
  ): Promise<{ readonly network: LoadedNetwork; readonly versions: readonly string[] }> {
    const { installed, loaded } = await this.#networks.find(ref);
    const { id, version } = installed;
    const network = loaded ?? (await this.#engines.load({ id, version }));
    const versions = await this.#networks.versions(id);
    return { network, versions: versions.map((one) => one.installed.version) };
  }

  /** @throws AppError `NETWORK_NOT_FOUND`, or `NETWORK_NOT_LOADED` (not_found too) for one that is not in memory */
  async requireReady(ref: NetworkRef): Promise<void> {
    const { installed, loaded } = await this.#networks.find(ref);
    if (loaded) return;
    throw new AppError('NETWORK_NOT_LOADED', {
      message: `Network ${installed.id} is not in memory; the first request loads it, or an admin does.`,
    });
  }

  /**
   * Runs a network and charges its rows, unless the answer has no form that the caller can be given.
   * @param present puts the answer into that form
   * @throws AppError of the engines, INSUFFICIENT_CREDITS, and what `present` throws
   */
  async infer<Presented>(
    order: TensorInferenceRequest,
    present: (answer: InferenceAnswer) => Presented,
  ): Promise<Presented> {
    const { id, version } = (await this.#networks.find(order)).installed;
    const { userId, rows, feeds, outputs, signal, timeoutMs } = order;
    const paid = { userId, images: rows, description: `Inference by network ${id}` };
    const request = { id, version, feeds, outputs, signal, timeoutMs };
    return this.#payment.run(paid, async () =>
      present({ network: { id, version }, outputs: await this.#engines.infer(request) }),
    );
  }

  /** All networks, each with whether it is in memory. */
  index(): Promise<readonly NetworkView[]> {
    return this.#networks.list();
  }

  /** @throws AppError of the catalogue and of loading */
  async load(ref: NetworkRef): Promise<void> {
    await this.#engines.load({ ...ref, force: true });
  }

  /** @throws AppError `NETWORK_NOT_FOUND` for a network that is neither in memory nor installed */
  async unload(ref: NetworkRef): Promise<void> {
    if (!(await this.#engines.unload(ref))) await this.#networks.find(ref);
  }
}
