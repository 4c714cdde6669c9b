/**
 * SIFT (Lowe 2004): extrema of the difference of Gaussians, refined to a part of a pixel, then described. The caller
 * chooses the contrast and which key points to keep.
 */
import { take } from './arena';
import { largest } from './selection';
import { DESCRIPTOR_FLOATS, describeAt, prepareDescription, turnsOf, turn } from './sift-description';
import {
  baseSigmaOf,
  compute,
  heightOf,
  LEVELS,
  octaveCount,
  pitchOf,
  planeOf,
  prepare as prepareSpace,
  strideOf,
  widthOf,
} from './sift-space';

export { compute };

const INNER_LEVELS: i32 = 3;
/** Candidates of one octave, at most; and of those the strongest, by octave. */
const MAX_CANDIDATES: i32 = 65536;
const LIMITS: StaticArray<i32> = [2100, 768, 384, 192, 96];
/** Column, row, level; |difference of Gaussians|. */
const CANDIDATE_BYTES: i32 = 16;
/** Pixels with at least this share of the contrast are considered, since refinement may raise it. */
const PRESELECTION: f32 = 0.5;
/** Key points are that far from the edge of their octave. */
const BORDER: i32 = 5;
/** Ratio of the curvatures at which a key point counts as an edge. */
const EDGE_RATIO: f32 = 10;
/** Larger structures are detected more repeatably than small ones of the same contrast. */
const SCALE_POWER: f32 = 0.75;

/** Octave, level, x, y and sigma in pixels of the octave, strength, direction, and a spare. */
const POINT_BYTES: i32 = 32;
/** x, y and sigma in pixels of the picture, strength, direction. */
const FACT_FLOATS: i32 = 5;

let candidates: usize = 0;
let values: usize = 0;
/** Three rows of the five |differences|, each with four more pixels on its left; then the same for {@link widestRow}. */
let ring: usize = 0;
let ringRow: i32 = 0;
let points: usize = 0;
let turned: usize = 0;
let facts: usize = 0;
let descriptors: usize = 0;
let most: i32 = 0;

/** Allocates memory for pictures of this size and at most `limit` key points. @returns address of the picture's bytes */
export function prepare(width: i32, height: i32, limit: i32): usize {
  most = limit;
  const grey = prepareSpace(width, height);
  candidates = take(CANDIDATE_BYTES * MAX_CANDIDATES);
  values = take(4 * MAX_CANDIDATES);
  ringRow = 4 * (max(octaveCount() > 0 ? strideOf(0) : 0, width) + 16);
  ring = take(30 * ringRow);
  memory.fill(ring, 0, 30 * ringRow);
  let all = 0;
  for (let octave = 0; octave < LIMITS.length; octave++) all += unchecked(LIMITS[octave]);
  points = take(POINT_BYTES * all);
  turned = take(2 * POINT_BYTES * limit);
  facts = take(4 * FACT_FLOATS * limit);
  descriptors = take(4 * DESCRIPTOR_FLOATS * limit);
  prepareDescription();
  return grey;
}

export function factsAt(): usize {
  return facts;
}
export function descriptorsAt(): usize {
  return descriptors;
}

/**
 * Finds the key points of the scale space whose contrast is at least `contrast` (picture from 0 to 1), and describes
 * the strongest. @returns their number
 */
export function detect(contrast: f32): i32 {
  let count = 0;
  for (let octave = 0; octave < octaveCount(); octave++) {
    let found = scan(octave, (contrast * PRESELECTION) / <f32>INNER_LEVELS);
    found = keepLargest(found, unchecked(LIMITS[octave]));
    for (let k = 0; k < found; k++) {
      if (refine(octave, candidates + CANDIDATE_BYTES * k, contrast, points + POINT_BYTES * count)) count++;
    }
  }
  count = keepStrongest(points, count);
  count = keepStrongest(turned, turnAll(count));
  for (let k = 0; k < count; k++) describe(turned + POINT_BYTES * k, k);
  return count;
}

function differenceRow(level: i32, y: i32): usize {
  return ring + ringRow * (3 * level + (y % 3)) + 16;
}

/** For every pixel of a row, the largest of it and the two beside it. */
function widestRow(level: i32, y: i32): usize {
  return differenceRow(level, y) + 15 * ringRow;
}

/** |Differences| of row `y` of an octave. */
function difference(octave: i32, y: i32): void {
  const from = 4 * strideOf(octave) * y;
  const bytes = 4 * strideOf(octave);
  let lower = planeOf(octave, 0) + from;
  for (let level = 0; level < LEVELS - 1; level++) {
    const upper = planeOf(octave, level + 1) + from;
    const to = differenceRow(level, y);
    for (let x = 0; x < bytes; x += 16)
      v128.store(to + x, f32x4.abs(f32x4.sub(v128.load(upper + x), v128.load(lower + x))));
    const widest = widestRow(level, y);
    for (let x = 0; x < bytes; x += 16)
      v128.store(
        widest + x,
        f32x4.pmax(v128.load(to + x), f32x4.pmax(v128.load(to + x - 4), v128.load(to + x + 4))),
      );
    lower = upper;
  }
}

/** Writes the pixels above the threshold that are largest among their 26 neighbours. @returns their number */
function scan(octave: i32, threshold: f32): i32 {
  const height = heightOf(octave);
  let count = 0;
  for (let y = BORDER - 2; y < BORDER; y++) difference(octave, y);
  for (let y = BORDER - 1; y <= height - BORDER; y++) {
    difference(octave, y + 1);
    count = scanRow(y, widthOf(octave) - BORDER + 1, threshold, count);
  }
  return count;
}

/** Largest of nine pixels of a level, for four pixels. */
function around(place: usize): v128 {
  return f32x4.pmax(v128.load(place), f32x4.pmax(v128.load(place + ringRow), v128.load(place + 2 * ringRow)));
}

function scanRow(y: i32, end: i32, threshold: f32, found: i32): i32 {
  const limit = f32x4.splat(threshold);
  const level = 3 * ringRow;
  // The three rows of a level follow each other in any order.
  const nine = ring + 16 + 15 * ringRow;
  const row = differenceRow(1, y);
  let count = found;
  for (let x = BORDER - 1; x < end; x += 4) {
    const offset = 4 * x;
    const around1 = around(nine + level + offset);
    const around2 = around(nine + 2 * level + offset);
    const around3 = around(nine + 3 * level + offset);
    const lower = f32x4.pmax(around1, around2);
    const upper = f32x4.pmax(around2, around3);
    const first = peak(row + offset, f32x4.pmax(lower, around(nine + offset)), limit);
    const second = peak(row + level + offset, f32x4.pmax(lower, upper), limit);
    const third = peak(row + 2 * level + offset, f32x4.pmax(upper, around(nine + 4 * level + offset)), limit);
    if (!v128.any_true(v128.or(first, v128.or(second, third)))) continue;
    count = record(i32x4.bitmask(first), x, y, 1, end, count);
    count = record(i32x4.bitmask(second), x, y, 2, end, count);
    count = record(i32x4.bitmask(third), x, y, 3, end, count);
  }
  return count;
}

/** Which of four pixels are above the threshold and not below the largest of their neighbours. */
function peak(place: usize, most: v128, threshold: v128): v128 {
  const here = v128.load(place);
  return v128.and(f32x4.gt(here, threshold), f32x4.ge(here, most));
}

function record(pixels: i32, x: i32, y: i32, level: i32, end: i32, found: i32): i32 {
  let lanes = pixels;
  let count = found;
  while (lanes != 0) {
    const column = x + ctz(lanes);
    lanes &= lanes - 1;
    if (column >= end || count >= MAX_CANDIDATES) break;
    const candidate = candidates + CANDIDATE_BYTES * count++;
    store<i32>(candidate, column);
    store<i32>(candidate, y, 4);
    store<i32>(candidate, level, 8);
    store<f32>(candidate, load<f32>(differenceRow(level, y) + 4 * column), 12);
  }
  return count;
}

/** Keeps the `limit` largest candidates, in their order. @returns their number */
function keepLargest(count: i32, limit: i32): i32 {
  if (count <= limit) return count;
  for (let k = 0; k < count; k++) store<f32>(values + 4 * k, load<f32>(candidates + CANDIDATE_BYTES * k, 12));
  const least = largest(values, count, limit);
  let kept = 0;
  for (let k = 0; k < count && kept < limit; k++) {
    const candidate = candidates + CANDIDATE_BYTES * k;
    if (load<f32>(candidate, 12) < least) continue;
    memory.copy(candidates + CANDIDATE_BYTES * kept++, candidate, CANDIDATE_BYTES);
  }
  return kept;
}

/** Keeps the strongest key points, in their order. @returns their number */
function keepStrongest(list: usize, count: i32): i32 {
  if (count <= most) return count;
  for (let k = 0; k < count; k++) store<f32>(values + 4 * k, load<f32>(list + POINT_BYTES * k, 20));
  const least = largest(values, count, most);
  let kept = 0;
  for (let k = 0; k < count && kept < most; k++) {
    const point = list + POINT_BYTES * k;
    if (load<f32>(point, 20) < least) continue;
    memory.copy(list + POINT_BYTES * kept++, point, POINT_BYTES);
  }
  return kept;
}

/** Differences of Gaussians around a pixel: see {@link solve}. */
let at: usize = 0;
let rowBytes: i32 = 0;
let level0: usize = 0;
let level1: usize = 0;
let level2: usize = 0;
let level3: usize = 0;

/** The difference of Gaussians `s` levels from the candidate's, `x`, `y` pixels from its pixel. */
function d(s: i32, y: i32, x: i32): f32 {
  const place = at + y * rowBytes + 4 * x;
  if (s < 0) return load<f32>(level1 + place) - load<f32>(level0 + place);
  if (s == 0) return load<f32>(level2 + place) - load<f32>(level1 + place);
  return load<f32>(level3 + place) - load<f32>(level2 + place);
}

let dx: f32 = 0;
let dy: f32 = 0;
let ds: f32 = 0;
let xx: f32 = 0;
let yy: f32 = 0;
let xy: f32 = 0;
let value: f32 = 0;

/** Fits a quadratic around a pixel: its extremum relative to the pixel, its value there, and its curvatures. */
function solve(column: i32, row: i32): void {
  at = <usize>(row * rowBytes + 4 * column);
  const middle = d(0, 0, 0);
  const gx: f32 = 0.5 * (d(0, 0, 1) - d(0, 0, -1));
  const gy: f32 = 0.5 * (d(0, 1, 0) - d(0, -1, 0));
  const gs: f32 = 0.5 * (d(1, 0, 0) - d(-1, 0, 0));
  xx = d(0, 0, 1) + d(0, 0, -1) - 2 * middle;
  yy = d(0, 1, 0) + d(0, -1, 0) - 2 * middle;
  const ss = d(1, 0, 0) + d(-1, 0, 0) - 2 * middle;
  xy = 0.25 * (d(0, 1, 1) - d(0, 1, -1) - d(0, -1, 1) + d(0, -1, -1));
  const xs: f32 = 0.25 * (d(1, 0, 1) - d(1, 0, -1) - d(-1, 0, 1) + d(-1, 0, -1));
  const ys: f32 = 0.25 * (d(1, 1, 0) - d(1, -1, 0) - d(-1, 1, 0) + d(-1, -1, 0));
  const cxx = yy * ss - ys * ys;
  const cxy = ys * xs - xy * ss;
  const cxs = xy * ys - yy * xs;
  const cyy = xx * ss - xs * xs;
  const cys = xy * xs - xx * ys;
  const css = xx * yy - xy * xy;
  let determinant = xx * cxx + xy * cxy + xs * cxs;
  if (abs(determinant) < 1e-14) determinant = 1e-14;
  dx = -(cxx * gx + cxy * gy + cxs * gs) / determinant;
  dy = -(cxy * gx + cyy * gy + cys * gs) / determinant;
  ds = -(cxs * gx + cys * gy + css * gs) / determinant;
  value = middle + 0.5 * (gx * dx + gy * dy + gs * ds);
}

function step(offset: f32): i32 {
  return <i32>(offset > 0.5) - <i32>(offset < -0.5);
}

/** Moves a candidate to its extremum, at most one pixel on. @returns whether it is a key point, which is written */
function refine(octave: i32, candidate: usize, contrast: f32, point: usize): bool {
  const width = widthOf(octave);
  const height = heightOf(octave);
  const level = load<i32>(candidate, 8);
  rowBytes = 4 * strideOf(octave);
  level0 = planeOf(octave, level - 1);
  level1 = planeOf(octave, level);
  level2 = planeOf(octave, level + 1);
  level3 = planeOf(octave, level + 2);
  let column = load<i32>(candidate);
  let row = load<i32>(candidate, 4);
  solve(column, row);
  const across = step(dx);
  const down = step(dy);
  if (across != 0 || down != 0) {
    column += across;
    row += down;
    solve(column, row);
  }
  const inside = column >= BORDER && row >= BORDER && column < width - BORDER && row < height - BORDER;
  const near = abs(dx) < 0.75 && abs(dy) < 0.75 && abs(ds) < 1;
  const strong = abs(value) * <f32>INNER_LEVELS >= contrast;
  const determinant = xx * yy - xy * xy;
  const trace = xx + yy;
  const corner =
    determinant > 0 && trace * trace * EDGE_RATIO < (EDGE_RATIO + 1) * (EDGE_RATIO + 1) * determinant;
  if (!(inside && near && strong && corner)) return false;
  const sigma = <f32>(baseSigmaOf(octave) * Math.pow(2, <f64>(<f32>level + ds) / 3));
  store<i32>(point, octave);
  store<i32>(point, level, 4);
  store<f32>(point, <f32>column + dx, 8);
  store<f32>(point, <f32>row + dy, 12);
  store<f32>(point, sigma, 16);
  store<f32>(point, abs(value) * Mathf.pow(sigma * pitchOf(octave), SCALE_POWER), 20);
  return true;
}

/** Writes each key point once for each of its directions. @returns the number written */
function turnAll(count: i32): i32 {
  let written = 0;
  for (let k = 0; k < count; k++) {
    const point = points + POINT_BYTES * k;
    const octave = load<i32>(point);
    const plane = planeOf(octave, load<i32>(point, 4));
    const turns = turnsOf(plane, octave, load<f32>(point, 8), load<f32>(point, 12), load<f32>(point, 16));
    for (let one = 0; one < turns; one++) {
      const to = turned + POINT_BYTES * written++;
      memory.copy(to, point, POINT_BYTES);
      store<f32>(to, turn(one), 24);
    }
  }
  return written;
}

function describe(point: usize, index: i32): void {
  const octave = load<i32>(point);
  const plane = planeOf(octave, load<i32>(point, 4));
  const pitch = pitchOf(octave);
  const fact = facts + 4 * FACT_FLOATS * index;
  store<f32>(fact, load<f32>(point, 8) * pitch);
  store<f32>(fact, load<f32>(point, 12) * pitch, 4);
  store<f32>(fact, load<f32>(point, 16) * pitch, 8);
  store<f32>(fact, load<f32>(point, 20), 12);
  store<f32>(fact, load<f32>(point, 24), 16);
  describeAt(plane, octave, point, descriptors + 4 * DESCRIPTOR_FLOATS * index);
}
