import { Kernel } from '../../features/kernels/kernel.js';
import { PAIRS_KERNEL } from '../../features/kernels/pairs-kernel.js';
import type { Matrix3 } from './matrix3.js';
import type { PointPairs } from './point-pairs.js';
import { START_VECTOR } from './symmetric-eigen.js';

/** Models whose loops the kernel has. */
export type PairModel = 'homography' | 'fundamental';

type PairsFunction =
  | 'prepare'
  | 'measure'
  | 'cost'
  | 'fit'
  | `${'pairs' | 'shuffled' | 'errors' | 'model' | 'fitted' | 'start'}At`;

/** Pairs near a model to which another one is fitted. */
export interface NearPairs {
  readonly model: Matrix3;
  /** Squared distance below which a pair is near. */
  readonly limit: number;
  /** Squared distance at which the weight of a pair is a fifth. */
  readonly squaredThreshold: number;
  /** Fewest pairs that determine a model. */
  readonly least: number;
}

/**
 * The loops over all pairs of a geometric check, in WebAssembly. In JavaScript they would run in an interpreter for the first
 * frames of a process, which takes ten times as long.
 */
class PairLoops {
  readonly #kernel = new Kernel<PairsFunction>(PAIRS_KERNEL);
  #count = -1;
  /** Whose shuffled pairs are in memory. */
  #shuffled: Float64Array | undefined;

  /** Squared distances of all pairs to a model, first order (Sampson), in squared conditioned units. */
  measure(kind: PairModel, pairs: PointPairs, model: Matrix3): Float64Array {
    this.#load(pairs, model);
    this.#kernel.call('measure', Number(kind === 'homography'));
    return this.#kernel.doublesAt(this.#kernel.call('errorsAt'), pairs.count).slice();
  }

  /**
   * Sum over shuffled pairs of min(squared error / squared threshold, 1), see `createCost`.
   * @param shuffled must not change between two calls
   */
  cost(
    kind: PairModel,
    shuffled: Float64Array,
    { model, squaredThreshold, bound }: { model: Matrix3; squaredThreshold: number; bound: number },
  ): number {
    this.#prepare(shuffled.length / 4);
    if (this.#shuffled !== shuffled) this.#write('shuffledAt', shuffled);
    this.#shuffled = shuffled;
    this.#write('modelAt', model);
    return this.#kernel.call('cost', Number(kind === 'homography'), squaredThreshold, bound);
  }

  /** Weighted least squares on the pairs near a model; null when they are too few. */
  fit(
    kind: PairModel,
    pairs: PointPairs,
    { model, limit, squaredThreshold, least }: NearPairs,
  ): Matrix3 | null {
    this.#load(pairs, model);
    const used = this.#kernel.call('fit', Number(kind === 'homography'), limit, squaredThreshold, least);
    if (used < least) return null;
    return this.#kernel.doublesAt(this.#kernel.call('fittedAt'), model.length).slice();
  }

  #load({ count, data }: PointPairs, model: Matrix3): void {
    this.#prepare(count);
    this.#write('pairsAt', data);
    this.#write('modelAt', model);
  }

  #prepare(count: number): void {
    if (count === this.#count) return;
    this.#kernel.call('prepare', count);
    this.#write('startAt', START_VECTOR);
    this.#count = count;
    this.#shuffled = undefined;
  }

  #write(at: PairsFunction, values: Float64Array): void {
    this.#kernel.doublesAt(this.#kernel.call(at), values.length).set(values);
  }
}

let loops: PairLoops | undefined;
/** Those of this thread; calls are synchronous, so they never share its memory at the same time. */
export const pairLoops = (): PairLoops => (loops ??= new PairLoops());
