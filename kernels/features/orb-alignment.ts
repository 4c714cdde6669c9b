/**
 * Finds the place of a patch of another image to a fraction of a pixel: the inverse compositional algorithm of Baker and
 * Matthews (2004) for a shift, after the patch has been warped by a given affine map. Brightness and contrast are free.
 */
import { height, setSize, stride, width } from './byte-plane';

/** Samples along a side of a patch, one pixel of its level apart; a multiple of four. */
const SIDE: i32 = 12;
const SAMPLES: i32 = SIDE * SIDE;
/** A patch has a rim of one sample, for derivatives. */
const RIMMED: i32 = SIDE + 2;
/** From the middle of a patch to its outermost samples. */
const REACH: f32 = 0.5 * <f32>(SIDE - 1);
/** Grey level around which sums are taken, which keeps them small. */
const MIDDLE: f32 = 128;

/** Steps, and length of a step (pixels) with which the search has ended. */
const MAX_STEPS: i32 = 4;
const CONVERGED: f32 = 0.1;
/** Longest way from the start to the place, pixels. */
const MAX_WAY: f32 = 2;
/** Least correlation of the patch and what is at its place. */
const MIN_CORRELATION: f32 = 0.8;
/** Least mean square of the derivatives in the direction in which they are weakest: grey levels per pixel, squared. */
const MIN_TEXTURE: f32 = 2;
/** Least variance of the grey levels at a place. */
const MIN_VARIANCE: f32 = 1;

/** Bytes of a patch with its rim. */
export function patchBytes(): i32 {
  return RIMMED * RIMMED;
}

/** Writes the patch around a place of a plane of the current size, at most a border's width outside of it. */
export function cutPatch(plane: usize, x: f32, y: f32, out: usize): void {
  let to = out;
  for (let row = 0; row < RIMMED; row++) {
    for (let column = 0; column < RIMMED; column++) {
      const grey = sample(plane, x + <f32>column - REACH - 1, y + <f32>row - REACH - 1);
      store<u8>(to++, <u8>(grey + 0.5));
    }
  }
}

/** Bilinear. */
function sample(plane: usize, x: f32, y: f32): f32 {
  const left = floor<f32>(x);
  const top = floor<f32>(y);
  const at = plane + <i32>top * stride + <i32>left;
  const upper = between(<f32>load<u8>(at), <f32>load<u8>(at, 1), x - left);
  const lower = between(<f32>load<u8>(at + stride), <f32>load<u8>(at + stride, 1), x - left);
  return between(upper, lower, y - top);
}

function between(first: f32, second: f32, share: f32): f32 {
  return first + share * (second - first);
}

/** [SAMPLES] grey levels of the patch without their mean, and its derivatives without mean and what contrast explains. */
const greys: usize = memory.data(576, 16);
const across: usize = memory.data(576, 16);
const down: usize = memory.data(576, 16);
/** Sum of the squares of the grey levels. */
let contrast: f32 = 0;
/** Inverse of the sums of products of the derivatives. */
let inverseXX: f32 = 0;
let inverseXY: f32 = 0;
let inverseYY: f32 = 0;

function four(at: usize): v128 {
  const bytes = v128.load32_zero(at);
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
}

function total(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    f32x4.extract_lane(lanes, 2) +
    f32x4.extract_lane(lanes, 3)
  );
}

/** Sets the patch that {@link align} looks for. @returns whether it has enough texture in every direction */
function prepare(patch: usize): bool {
  const half = f32x4.splat(0.5);
  let sum = f32x4.splat(0);
  let sumX = sum;
  let sumY = sum;
  let squares = sum;
  let greyX = sum;
  let greyY = sum;
  let xx = sum;
  let xy = sum;
  let yy = sum;
  let to: usize = 0;
  for (let row = 1; row <= SIDE; row++) {
    const start = patch + row * RIMMED + 1;
    for (let at = start; at < start + SIDE; at += 4, to += 16) {
      const grey = f32x4.sub(four(at), f32x4.splat(MIDDLE));
      const x = f32x4.mul(half, f32x4.sub(four(at + 1), four(at - 1)));
      const y = f32x4.mul(half, f32x4.sub(four(at + RIMMED), four(at - RIMMED)));
      v128.store(greys + to, grey);
      v128.store(across + to, x);
      v128.store(down + to, y);
      sum = f32x4.add(sum, grey);
      sumX = f32x4.add(sumX, x);
      sumY = f32x4.add(sumY, y);
      squares = f32x4.add(squares, f32x4.mul(grey, grey));
      greyX = f32x4.add(greyX, f32x4.mul(grey, x));
      greyY = f32x4.add(greyY, f32x4.mul(grey, y));
      xx = f32x4.add(xx, f32x4.mul(x, x));
      xy = f32x4.add(xy, f32x4.mul(x, y));
      yy = f32x4.add(yy, f32x4.mul(y, y));
    }
  }
  const count = <f32>SAMPLES;
  const mean = total(sum) / count;
  const meanX = total(sumX) / count;
  const meanY = total(sumY) / count;
  contrast = total(squares) - count * mean * mean;
  if (!(contrast > count * MIN_VARIANCE)) return false;
  // What the derivatives share with the grey levels cannot be told from a change of contrast.
  const sharedX = (total(greyX) - count * mean * meanX) / contrast;
  const sharedY = (total(greyY) - count * mean * meanY) / contrast;
  const a = total(xx) - count * meanX * meanX - sharedX * sharedX * contrast;
  const b = total(xy) - count * meanX * meanY - sharedX * sharedY * contrast;
  const d = total(yy) - count * meanY * meanY - sharedY * sharedY * contrast;
  const weakest = 0.5 * (a + d - sqrt<f32>((a - d) * (a - d) + 4 * b * b));
  if (!(weakest > count * MIN_TEXTURE)) return false;
  const determinant = a * d - b * b;
  inverseXX = d / determinant;
  inverseXY = -b / determinant;
  inverseYY = a / determinant;
  for (let at: usize = 0; at < 4 * SAMPLES; at += 16) {
    const grey = f32x4.sub(v128.load(greys + at), f32x4.splat(mean));
    v128.store(greys + at, grey);
    remove(across + at, meanX, sharedX, grey);
    remove(down + at, meanY, sharedY, grey);
  }
  return true;
}

function remove(at: usize, mean: f32, shared: f32, grey: v128): void {
  const explained = f32x4.add(f32x4.splat(mean), f32x4.mul(f32x4.splat(shared), grey));
  v128.store(at, f32x4.sub(v128.load(at), explained));
}

/** Two neighbouring bytes of a row for each lane: the left one, and the right one in the byte above it. */
function pairs(first: usize, second: usize, third: usize, fourth: usize): v128 {
  let lanes = v128.load16_lane(first, i32x4.splat(0), 0);
  lanes = v128.load16_lane(second, lanes, 2);
  lanes = v128.load16_lane(third, lanes, 4);
  return v128.load16_lane(fourth, lanes, 6);
}

/** Bilinear along the row. */
function blend(two: v128, share: v128): v128 {
  const left = f32x4.convert_i32x4_s(v128.and(two, i32x4.splat(0xff)));
  const right = f32x4.convert_i32x4_s(i32x4.shr_u(two, 8));
  return f32x4.add(left, f32x4.mul(share, f32x4.sub(right, left)));
}

/** Grey levels at four places, minus {@link MIDDLE}. */
function look(plane: usize, x: v128, y: v128): v128 {
  // Inside of the image coordinates are positive, so truncating is rounding down.
  const left = i32x4.trunc_sat_f32x4_s(x);
  const top = i32x4.trunc_sat_f32x4_s(y);
  const right = f32x4.sub(x, f32x4.convert_i32x4_s(left));
  const below = f32x4.sub(y, f32x4.convert_i32x4_s(top));
  const offsets = i32x4.add(i32x4.dot_i16x8_s(top, i32x4.splat(stride)), left);
  const first = plane + i32x4.extract_lane(offsets, 0);
  const second = plane + i32x4.extract_lane(offsets, 1);
  const third = plane + i32x4.extract_lane(offsets, 2);
  const fourth = plane + i32x4.extract_lane(offsets, 3);
  const upper = blend(pairs(first, second, third, fourth), right);
  const lower = blend(pairs(first + stride, second + stride, third + stride, fourth + stride), right);
  const grey = f32x4.add(upper, f32x4.mul(below, f32x4.sub(lower, upper)));
  return f32x4.sub(grey, f32x4.splat(MIDDLE));
}

/** Words of a search: see {@link alignPatches}. */
const SEARCH_WORDS: usize = 10;

/** Bytes that {@link alignPatches} reads for each search, without its patch. */
export function searchBytes(): i32 {
  return 4 * <i32>SEARCH_WORDS;
}

/**
 * Moves patches to where they fit planes best.
 * @param patches of each search, as {@link cutPatch} writes them
 * @param searches of each one three integers and seven floats: plane, its width and height; the patch's middle on the plane,
 * which is moved; the map from the patch's pixels to the plane's: x by its column and row, y by its column and row; and
 * 1 where the patch was found, which is written, or 0 if it has too little texture or does not lie nearby
 */
export function alignPatches(patches: usize, searches: usize, count: i32): void {
  for (let k = 0; k < count; k++) {
    const search = searches + 4 * SEARCH_WORDS * k;
    setSize(load<i32>(search, 4), load<i32>(search, 8));
    const found = align(load<i32>(search), patches + RIMMED * RIMMED * k, search + 12);
    store<f32>(search, <f32>found, 36);
  }
}

/** One search of {@link alignPatches}, by its floats. @returns 1 if the patch was found */
function align(plane: usize, patch: usize, place: usize): i32 {
  if (!prepare(patch)) return 0;
  const columnX = load<f32>(place, 8);
  const rowX = load<f32>(place, 12);
  const columnY = load<f32>(place, 16);
  const rowY = load<f32>(place, 20);
  const startX = load<f32>(place);
  const startY = load<f32>(place, 4);
  const marginX = REACH * (abs<f32>(columnX) + abs<f32>(rowX)) + 1;
  const marginY = REACH * (abs<f32>(columnY) + abs<f32>(rowY)) + 1;
  const farX = f32x4.splat(4 * columnX);
  const farY = f32x4.splat(4 * columnY);
  const lanes = f32x4(-REACH, 1 - REACH, 2 - REACH, 3 - REACH);
  const lanesX = f32x4.mul(lanes, f32x4.splat(columnX));
  const lanesY = f32x4.mul(lanes, f32x4.splat(columnY));
  const count = <f32>SAMPLES;
  let atX = startX;
  let atY = startY;
  for (let step = 0; step < MAX_STEPS; step++) {
    // Also false for what is not a number.
    const inside =
      atX >= marginX &&
      atY >= marginY &&
      atX <= <f32>(width - 1) - marginX &&
      atY <= <f32>(height - 1) - marginY;
    if (!inside) return 0;
    let sum = f32x4.splat(0);
    let squares = sum;
    let common = sum;
    let byX = sum;
    let byY = sum;
    let at: usize = 0;
    for (let row = 0; row < SIDE; row++) {
      const below = <f32>row - REACH;
      let x = f32x4.add(f32x4.splat(atX + below * rowX), lanesX);
      let y = f32x4.add(f32x4.splat(atY + below * rowY), lanesY);
      for (let column = 0; column < SIDE; column += 4, at += 16) {
        const grey = look(plane, x, y);
        sum = f32x4.add(sum, grey);
        squares = f32x4.add(squares, f32x4.mul(grey, grey));
        common = f32x4.add(common, f32x4.mul(grey, v128.load(greys + at)));
        byX = f32x4.add(byX, f32x4.mul(grey, v128.load(across + at)));
        byY = f32x4.add(byY, f32x4.mul(grey, v128.load(down + at)));
        x = f32x4.add(x, farX);
        y = f32x4.add(y, farY);
      }
    }
    const light = total(sum);
    const spread = total(squares) - (light * light) / count;
    const shared = total(common);
    const found = spread > count * MIN_VARIANCE && shared > MIN_CORRELATION * sqrt<f32>(spread * contrast);
    // Away from its place a patch may correlate less than it must in the end.
    const hopeful = spread > count * MIN_VARIANCE && shared > 0;
    if (!hopeful) return 0;
    const scale = contrast / shared;
    const x = scale * total(byX);
    const y = scale * total(byY);
    const right = inverseXX * x + inverseXY * y;
    const below = inverseXY * x + inverseYY * y;
    atX -= columnX * right + rowX * below;
    atY -= columnY * right + rowY * below;
    const wayX = atX - startX;
    const wayY = atY - startY;
    if (!(wayX * wayX + wayY * wayY <= MAX_WAY * MAX_WAY)) return 0;
    if (right * right + below * below < CONVERGED * CONVERGED) {
      if (!found) return 0;
      store<f32>(place, atX);
      store<f32>(place, atY, 4);
      return 1;
    }
  }
  return 0;
}
