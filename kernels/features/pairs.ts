/**
 * Loops of the geometric check over pairs of points: squared distances to a homography or a fundamental matrix, the cost of
 * a model, and weighted least squares on the pairs near a model. All in double precision, in the order of operations that is
 * written here; the formulas and their sources are in `src/vision/geometry/two-view`.
 */
import { release, take } from './arena';

const SIZE: i32 = 9;
/** Pairs between two checks of a cost for an early exit. */
const BLOCK: i32 = 16;
/** See `msac-cost.ts`. */
const BAIL_OUT_MARGIN: f64 = 2;
const MAX_ROUNDS: i32 = 40;
/** Squared change between rounds below which an eigenvector has converged. */
const CONVERGED: f64 = 1e-22;

let count: i32 = 0;
/** [count, 4]: goal x, y, current u, v. */
let pairs: usize = 0;
/** The same pairs in the order in which costs read them. */
let shuffled: usize = 0;
/** [count] */
let errors: usize = 0;
/** [9] the model that is given. */
let model: usize = 0;
/** [9] the eigenvector that was found. */
let fitted: usize = 0;
/** [9] where the search for an eigenvector begins. */
let start: usize = 0;
let next: usize = 0;
let rowU: usize = 0;
let rowV: usize = 0;
/** [9, 9] lower triangle. */
let normal: usize = 0;

export function prepare(pairCount: i32): void {
  release();
  count = pairCount;
  pairs = take(32 * pairCount);
  shuffled = take(32 * pairCount);
  errors = take(8 * pairCount);
  model = take(8 * SIZE);
  fitted = take(8 * SIZE);
  start = take(8 * SIZE);
  next = take(8 * SIZE);
  rowU = take(8 * SIZE);
  rowV = take(8 * SIZE);
  normal = take(8 * SIZE * SIZE);
}

export function pairsAt(): usize {
  return pairs;
}
export function shuffledAt(): usize {
  return shuffled;
}
export function errorsAt(): usize {
  return errors;
}
export function modelAt(): usize {
  return model;
}
export function fittedAt(): usize {
  return fitted;
}
export function startAt(): usize {
  return start;
}

function get(base: usize, index: i32): f64 {
  return load<f64>(base + ((<usize>index) << 3));
}
function set(base: usize, index: i32, value: f64): void {
  store<f64>(base + ((<usize>index) << 3), value);
}

/** Squared distances of all pairs to the model. */
export function measure(isHomography: bool): void {
  measureRange(isHomography, pairs, 0, count);
}

function measureRange(isHomography: bool, data: usize, from: i32, to: i32): void {
  if (isHomography) measureHomography(data, from, to);
  else measureFundamental(data, from, to);
}

function measureHomography(data: usize, from: i32, to: i32): void {
  const h0 = get(model, 0);
  const h1 = get(model, 1);
  const h2 = get(model, 2);
  const h3 = get(model, 3);
  const h4 = get(model, 4);
  const h5 = get(model, 5);
  const h6 = get(model, 6);
  const h7 = get(model, 7);
  const h8 = get(model, 8);
  for (let i = from; i < to; i++) {
    const x = get(data, 4 * i);
    const y = get(data, 4 * i + 1);
    const u = get(data, 4 * i + 2);
    const v = get(data, 4 * i + 3);
    const w = h6 * x + h7 * y + h8;
    const ru = u * w - (h0 * x + h1 * y + h2);
    const rv = v * w - (h3 * x + h4 * y + h5);
    const a = u * h6 - h0;
    const b = u * h7 - h1;
    const c = v * h6 - h3;
    const d = v * h7 - h4;
    const p = a * a + b * b + w * w;
    const q = a * c + b * d;
    const r = c * c + d * d + w * w;
    const error = (r * ru * ru - 2 * q * ru * rv + p * rv * rv) / (p * r - q * q);
    // Behind a camera.
    set(errors, i - from, w <= 1e-9 ? Infinity : error);
  }
}

function measureFundamental(data: usize, from: i32, to: i32): void {
  const f0 = get(model, 0);
  const f1 = get(model, 1);
  const f2 = get(model, 2);
  const f3 = get(model, 3);
  const f4 = get(model, 4);
  const f5 = get(model, 5);
  const f6 = get(model, 6);
  const f7 = get(model, 7);
  const f8 = get(model, 8);
  for (let i = from; i < to; i++) {
    const x = get(data, 4 * i);
    const y = get(data, 4 * i + 1);
    const u = get(data, 4 * i + 2);
    const v = get(data, 4 * i + 3);
    const a = f0 * x + f1 * y + f2;
    const b = f3 * x + f4 * y + f5;
    const c = f6 * x + f7 * y + f8;
    const p = f0 * u + f3 * v + f6;
    const q = f1 * u + f4 * v + f7;
    const residual = u * a + v * b + c;
    // The small constant avoids 0/0 for a pair that lies in both epipoles, which fits any model.
    set(errors, i - from, (residual * residual) / (a * a + b * b + p * p + q * q + 1e-30));
  }
}

/** Sum over the shuffled pairs of min(squared error / squared threshold, 1); infinity when it will not be below `bound`. */
export function cost(isHomography: bool, squaredThreshold: f64, bound: f64): f64 {
  let sum: f64 = 0;
  for (let from = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    measureRange(isHomography, shuffled, from, to);
    for (let k = 0; k < to - from; k++) {
      const error = get(errors, k) / squaredThreshold;
      sum += error < 1 ? error : 1;
    }
    const end = <f64>to;
    if (sum >= Math.min(bound, (bound * end) / <f64>count + BAIL_OUT_MARGIN * Math.sqrt(end)))
      return Infinity;
  }
  return sum;
}

/**
 * Weighted least squares on the pairs nearer to the model than `limit`: the eigenvector is the new model. Weights are
 * 1 / (1 + 4 e / T^2) divided by the conversion from geometric to algebraic error.
 * @returns the number of these pairs; with fewer than `least` nothing is fitted
 */
export function fit(isHomography: bool, limit: f64, squaredThreshold: f64, least: i32): i32 {
  measureRange(isHomography, pairs, 0, count);
  memory.fill(normal, 0, 8 * SIZE * SIZE);
  memory.fill(rowU, 0, 8 * SIZE);
  memory.fill(rowV, 0, 8 * SIZE);
  let used = 0;
  for (let i = 0; i < count; i++) {
    const error = get(errors, i);
    if (!(error < limit)) continue;
    used++;
    const at = pairs + ((<usize>i) << 5);
    const x = get(at, 0);
    const y = get(at, 1);
    const u = get(at, 2);
    const v = get(at, 3);
    const gain = isHomography ? depthSquared(x, y) : gradientSquared(x, y, u, v);
    const weight = 1 / ((1 + (4 * error) / squaredThreshold) * (gain + 1e-12));
    if (isHomography) addHomographyRows(x, y, u, v, weight);
    else addFundamentalRow(x, y, u, v, weight);
  }
  if (used >= least) findSmallestEigenvector();
  return used;
}

function depthSquared(x: f64, y: f64): f64 {
  const w = get(model, 6) * x + get(model, 7) * y + get(model, 8);
  return w * w;
}

function gradientSquared(x: f64, y: f64, u: f64, v: f64): f64 {
  const a = get(model, 0) * x + get(model, 1) * y + get(model, 2);
  const b = get(model, 3) * x + get(model, 4) * y + get(model, 5);
  const p = get(model, 0) * u + get(model, 3) * v + get(model, 6);
  const q = get(model, 1) * u + get(model, 4) * v + get(model, 7);
  return a * a + b * b + p * p + q * q;
}

/** The two equations of a pair; their zeros stay. */
function addHomographyRows(x: f64, y: f64, u: f64, v: f64, weight: f64): void {
  set(rowU, 0, x);
  set(rowU, 1, y);
  set(rowU, 2, 1);
  set(rowU, 6, -u * x);
  set(rowU, 7, -u * y);
  set(rowU, 8, -u);
  set(rowV, 3, x);
  set(rowV, 4, y);
  set(rowV, 5, 1);
  set(rowV, 6, -v * x);
  set(rowV, 7, -v * y);
  set(rowV, 8, -v);
  addOuterProduct(rowU, weight);
  addOuterProduct(rowV, weight);
}

function addFundamentalRow(x: f64, y: f64, u: f64, v: f64, weight: f64): void {
  set(rowU, 0, u * x);
  set(rowU, 1, u * y);
  set(rowU, 2, u);
  set(rowU, 3, v * x);
  set(rowU, 4, v * y);
  set(rowU, 5, v);
  set(rowU, 6, x);
  set(rowU, 7, y);
  set(rowU, 8, 1);
  addOuterProduct(rowU, weight);
}

/** Adds `weight * row row^T` to the lower triangle of the normal matrix. */
function addOuterProduct(row: usize, weight: f64): void {
  for (let i = 0; i < SIZE; i++) {
    const scaled = weight * get(row, i);
    if (scaled == 0) continue;
    const line = normal + ((<usize>(SIZE * i)) << 3);
    for (let j = 0; j <= i; j++) set(line, j, get(line, j) + scaled * get(row, j));
  }
}

/** See `symmetric-eigen.ts`. */
function findSmallestEigenvector(): void {
  let trace: f64 = 0;
  for (let i = 0; i < SIZE; i++) trace += get(normal, i * SIZE + i);
  factorise(1e-15 * trace + 1e-300);
  memory.copy(fitted, start, 8 * SIZE);
  toUnit(fitted);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    memory.copy(next, fitted, 8 * SIZE);
    substitute(next);
    toUnit(next);
    let change: f64 = 0;
    for (let k = 0; k < SIZE; k++) {
      const difference = get(next, k) - get(fitted, k);
      change += difference * difference;
    }
    memory.copy(fitted, next, 8 * SIZE);
    if (change < CONVERGED) break;
  }
}

/** Cholesky factor of the normal matrix, in place; pivots are at least `floor`. */
function factorise(floor: f64): void {
  for (let c = 0; c < SIZE; c++) {
    for (let r = c; r < SIZE; r++) {
      let value = get(normal, r * SIZE + c);
      for (let k = 0; k < c; k++) value -= get(normal, r * SIZE + k) * get(normal, c * SIZE + k);
      set(
        normal,
        r * SIZE + c,
        r > c ? value / get(normal, c * SIZE + c) : Math.sqrt(Math.max(value, floor)),
      );
    }
  }
}

/** Solves `L L^T x = x` in place. */
function substitute(x: usize): void {
  for (let i = 0; i < SIZE; i++) {
    for (let k = 0; k < i; k++) set(x, i, get(x, i) - get(normal, i * SIZE + k) * get(x, k));
    set(x, i, get(x, i) / get(normal, i * SIZE + i));
  }
  for (let i = SIZE - 1; i >= 0; i--) {
    for (let k = i + 1; k < SIZE; k++) set(x, i, get(x, i) - get(normal, k * SIZE + i) * get(x, k));
    set(x, i, get(x, i) / get(normal, i * SIZE + i));
  }
}

function toUnit(vector: usize): void {
  // Scaled first, since near-singular matrices give entries whose squares would overflow.
  let largest: f64 = 1e-300;
  for (let k = 0; k < SIZE; k++) largest = Math.max(largest, Math.abs(get(vector, k)));
  let squares: f64 = 0;
  for (let k = 0; k < SIZE; k++) {
    set(vector, k, get(vector, k) / largest);
    squares += get(vector, k) * get(vector, k);
  }
  const factor = 1 / Math.sqrt(squares);
  for (let k = 0; k < SIZE; k++) set(vector, k, get(vector, k) * factor);
}
