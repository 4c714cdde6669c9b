import type { MediaKind } from '../domain/dataset.js';
import type { TaskName } from '../domain/job.js';
import type { MicroCredits, PriceUnit } from '../domain/money.js';
import type { PriceRepository } from '../domain/repositories/ledger.repository.js';
import type { AnyTask } from '../tasks/index.js';

/** Newest prices of a unit of work, as quotes use them; null for units that are not charged. */
interface UnitPrices {
  readonly preset: string;
  readonly version: number;
  readonly perImage: MicroCredits | null;
  readonly perFrame: MicroCredits | null;
}

/** What a network can be used for. */
export interface ModelOffer {
  readonly task: TaskName;
  readonly media: readonly MediaKind[];
  /** Whether single images are also processed synchronously, at the price of an image. */
  readonly synchronous: boolean;
  readonly prices: UnitPrices;
}

/** Tasks of networks with their current prices. */
export class ModelOfferService {
  readonly #prices: PriceRepository;
  readonly #tasks: readonly AnyTask[];
  readonly #synchronous: readonly TaskName[];

  /** @param synchronous tasks with a synchronous route */
  constructor(prices: PriceRepository, tasks: readonly AnyTask[], synchronous: readonly TaskName[]) {
    this.#prices = prices;
    this.#tasks = tasks;
    this.#synchronous = synchronous;
  }

  /** What networks can be used for, by the `task` in their manifest; nothing for parts of other networks. */
  async byNetworkTask(): Promise<(networkTask: string) => readonly ModelOffer[]> {
    const offers = await Promise.all(
      this.#tasks.map(async (task) => ({ task, offer: await this.#offer(task) })),
    );
    return (networkTask) => offers.filter(({ task }) => takes(task, networkTask)).map(({ offer }) => offer);
  }

  async #offer({ name, media, pricePreset, priceUnits }: AnyTask): Promise<ModelOffer> {
    const { preset, version, prices } = await this.#prices.current(pricePreset);
    const priceOf = (unit: PriceUnit): MicroCredits | null =>
      priceUnits.includes(unit) ? (prices[unit] ?? null) : null;
    return {
      task: name,
      media,
      synchronous: this.#synchronous.includes(name),
      prices: {
        preset,
        version,
        perImage: priceOf('inference.image'),
        perFrame: priceOf('inference.video_frame'),
      },
    };
  }
}

function takes({ name, networks = [] }: AnyTask, networkTask: string): boolean {
  return name === networkTask || networks.some(({ task }) => task === networkTask);
}
