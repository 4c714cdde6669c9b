import type { AppError } from '../../errors/app-error.js';
import type { NetworkCall } from '../../networks/runtime/network-calls.js';
import { networkMemory, networkTimeout } from '../../supervision/engine-errors.js';
import type { MemoryLimit } from '../../supervision/supervised-child.js';
import { WorkWatch } from '../../supervision/work-watch.js';

/** Limits of an engine and of the calls of its networks. */
export interface CallWatchOptions {
  /** Memory limit of the whole engine. */
  readonly engine: MemoryLimit;
  /** Memory by which one call may enlarge the engine. */
  readonly callBytes: number;
  /** Resident memory of the engine now. */
  residentBytes(): number;
  /** Called when a call has taken too long. */
  onOverrun(error: AppError): void;
}

/**
 * Limits the calls of networks in an engine, which reports their beginnings and ends. Installed networks may loop or
 * take memory without end, and only killing the process stops them. Is the engine's memory limit, which is lower
 * during a call.
 */
export class CallWatch implements MemoryLimit {
  readonly #options: CallWatchOptions;
  /** Calls at work, the oldest first, and the memory of the engine that each may lead to. */
  readonly #calls = new Map<number, { readonly network: string; readonly residentBytes: number }>();
  #time: WorkWatch | undefined;

  constructor(options: CallWatchOptions) {
    this.#options = options;
  }

  get residentBytes(): number {
    return Math.min(this.#options.engine.residentBytes, this.#oldest?.residentBytes ?? Infinity);
  }

  exceeded(): unknown {
    const { engine, callBytes } = this.#options;
    const call = this.#oldest;
    return call !== undefined && call.residentBytes < engine.residentBytes
      ? networkMemory(callBytes, call.network)
      : engine.exceeded();
  }

  /** Begins a job. @param limitMs time limit of each call; none unless given */
  begin(limitMs?: number): void {
    this.clear();
    if (limitMs === undefined) return;
    const onOverrun = (id: number): void => {
      const call = this.#calls.get(id);
      if (call) this.#options.onOverrun(networkTimeout(call.network, limitMs));
    };
    this.#time = new WorkWatch({ limitMs, onOverrun });
  }

  note({ id, network, ended }: NetworkCall): void {
    if (ended) {
      this.#calls.delete(id);
      this.#time?.end(id);
      return;
    }
    const residentBytes = this.#options.residentBytes() + this.#options.callBytes;
    this.#calls.set(id, { network, residentBytes });
    this.#time?.begin(id);
  }

  clear(): void {
    this.#time?.clear();
    this.#time = undefined;
    this.#calls.clear();
  }

  get #oldest() {
    const [call] = this.#calls.values();
    return call;
  }
}
