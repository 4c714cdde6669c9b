import type { JobEngineNetwork } from '../domain/network.js';

/** What the engines of one worker have in memory. */
interface WorkerReport {
  readonly worker: string;
  readonly networks: readonly JobEngineNetwork[];
}

/** A network in the engine of a worker. */
interface WorkerNetwork extends JobEngineNetwork {
  /** Process ids are those of its machine. */
  readonly worker: string;
}

/** Reports come every five seconds; a worker that misses three of them is gone. */
const VALID_MS = 15_000;

/** What the engines of all workers have in memory, as their last reports say. */
export class JobEngineNetworks {
  readonly #reports = new Map<string, { readonly at: number; readonly networks: WorkerReport['networks'] }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes the report of a worker, which replaces its last one. */
  report({ worker, networks }: WorkerReport): void {
    this.#reports.set(worker, { at: this.#now(), networks });
  }

  /** Networks by engine; what a worker reported too long ago is forgotten. */
  list(): readonly WorkerNetwork[] {
    for (const [worker, { at }] of this.#reports)
      if (this.#now() - at > VALID_MS) this.#reports.delete(worker);
    return [...this.#reports].flatMap(([worker, { networks }]) =>
      networks.map((network) => ({ ...network, worker })),
    );
  }
}
