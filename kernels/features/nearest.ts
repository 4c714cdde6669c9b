/**
 * Nearest neighbours between two sets of descriptors, goal rows against current rows. Distances of bit strings are
 * computed here; those of real vectors are given as a table.
 */
import { release, take } from './arena';

/**
 * Squared distance (pixels) below which a current point counts as the same corner as the best one and is not a second
 * best.
 */
let sameCornerSquared: f32 = 0;

let goalCount: i32 = 0;
let currentCount: i32 = 0;
let words: i32 = 0;

/** [goalCount, words] and [currentCount, words] of 8 bytes. */
let goalWords: usize = 0;
let currentWords: usize = 0;
/** [goalCount, currentCount] squared distances between real vectors. */
let table: usize = 0;
/** [currentCount, 2] pixels. */
let points: usize = 0;
/** Distances of one goal row. */
let row: usize = 0;
let nearest: usize = 0;
let best: usize = 0;
let second: usize = 0;
let nearestGoal: usize = 0;
let bestOfColumn: usize = 0;

/** Allocates memory; `wordCount` is the number of 8-byte words per row, 0 for a distance table. */
export function prepare(goals: i32, currents: i32, wordCount: i32, sameCornerPixels: f32): void {
  release();
  goalCount = goals;
  currentCount = currents;
  words = wordCount;
  sameCornerSquared = sameCornerPixels * sameCornerPixels;
  goalWords = take(8 * goals * wordCount);
  currentWords = take(8 * currents * wordCount);
  table = take(wordCount > 0 ? 0 : 4 * goals * currents);
  points = take(8 * currents);
  row = take(4 * currents);
  nearest = take(4 * goals);
  best = take(4 * goals);
  second = take(4 * goals);
  nearestGoal = take(4 * currents);
  bestOfColumn = take(4 * currents);
}

export function goalWordsAt(): usize {
  return goalWords;
}
export function currentWordsAt(): usize {
  return currentWords;
}
export function tableAt(): usize {
  return table;
}
export function pointsAt(): usize {
  return points;
}
export function nearestAt(): usize {
  return nearest;
}
export function bestAt(): usize {
  return best;
}
export function secondAt(): usize {
  return second;
}
export function nearestGoalAt(): usize {
  return nearestGoal;
}

/** Computes the results for bit strings. */
export function compareBits(): void {
  clearColumns();
  for (let i = 0; i < goalCount; i++) {
    const goal = goalWords + 8 * i * words;
    if (words == 4) distances4(goal);
    else distancesAny(goal);
    record(i, row);
  }
}

/** Computes the results for a distance table. */
export function compareTable(): void {
  clearColumns();
  for (let i = 0; i < goalCount; i++) record(i, table + 4 * i * currentCount);
}

function clearColumns(): void {
  for (let j = 0; j < currentCount; j++) {
    store<i32>(nearestGoal + 4 * j, -1);
    store<f32>(bestOfColumn + 4 * j, f32.MAX_VALUE);
  }
}

/** Specialisation for 256 bits (ORB). */
function distances4(goal: usize): void {
  const a = load<u64>(goal);
  const b = load<u64>(goal, 8);
  const c = load<u64>(goal, 16);
  const d = load<u64>(goal, 24);
  let at = currentWords;
  const end = row + 4 * currentCount;
  for (let out = row; out < end; out += 4, at += 32) {
    const bits =
      popcnt(a ^ load<u64>(at)) +
      popcnt(b ^ load<u64>(at, 8)) +
      popcnt(c ^ load<u64>(at, 16)) +
      popcnt(d ^ load<u64>(at, 24));
    store<f32>(out, <f32>(<i32>bits));
  }
}

function distancesAny(goal: usize): void {
  let at = currentWords;
  const end = row + 4 * currentCount;
  for (let out = row; out < end; out += 4) {
    let bits: u64 = 0;
    for (let w = 0; w < words; w++, at += 8) bits += popcnt(load<u64>(goal + 8 * w) ^ load<u64>(at));
    store<f32>(out, <f32>(<i32>bits));
  }
}

/** Updates the results with the distances of one goal row; ties go to the lower row. */
function record(i: i32, distances: usize): void {
  let least: f32 = f32.MAX_VALUE;
  let place = 0;
  const whole = currentCount & ~3;
  for (let j = 0; j < whole; j += 4) {
    const four = v128.load(distances + 4 * j);
    // After the first rows, a vector rarely contains an improvement.
    const better = v128.or(
      f32x4.lt(four, f32x4.splat(least)),
      f32x4.lt(four, v128.load(bestOfColumn + 4 * j)),
    );
    if (!v128.any_true(better)) continue;
    for (let k = j; k < j + 4; k++) {
      const distance = load<f32>(distances + 4 * k);
      if (distance < least) {
        least = distance;
        place = k;
      }
      offerToColumn(k, i, distance);
    }
  }
  for (let k = whole; k < currentCount; k++) {
    const distance = load<f32>(distances + 4 * k);
    if (distance < least) {
      least = distance;
      place = k;
    }
    offerToColumn(k, i, distance);
  }
  store<i32>(nearest + 4 * i, place);
  store<f32>(best + 4 * i, least);
  store<f32>(second + 4 * i, secondElsewhere(distances, place));
}

function offerToColumn(column: i32, i: i32, distance: f32): void {
  if (distance >= load<f32>(bestOfColumn + 4 * column)) return;
  store<f32>(bestOfColumn + 4 * column, distance);
  store<i32>(nearestGoal + 4 * column, i);
}

/** Smallest distance of a row among points that are not the same corner as the best. */
function secondElsewhere(distances: usize, place: i32): f32 {
  const x = load<f32>(points + 8 * place);
  const y = load<f32>(points + 8 * place, 4);
  let least: f32 = f32.MAX_VALUE;
  const whole = currentCount & ~3;
  for (let j = 0; j < currentCount; j++) {
    if ((j & 3) == 0 && j < whole) {
      if (!v128.any_true(f32x4.lt(v128.load(distances + 4 * j), f32x4.splat(least)))) {
        j += 3;
        continue;
      }
    }
    const distance = load<f32>(distances + 4 * j);
    if (distance >= least || j == place) continue;
    const dx = load<f32>(points + 8 * j) - x;
    const dy = load<f32>(points + 8 * j, 4) - y;
    if (dx * dx + dy * dy >= sameCornerSquared) least = distance;
  }
  return least;
}
