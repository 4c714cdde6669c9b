/**
 * Decodes baseline JPEGs directly at a reduced size: only the required blocks are transformed, at the required size,
 * and planes are resized before the colour conversion. The caller parses the headers and supplies addresses and sizes.
 */
import {
  bigEndian,
  longCode,
  makeTable,
  markerAt,
  passOver,
  shortCode,
  signed,
  tableAt,
  unstuff,
} from './bits';
import { block2, block4, block8, flat, stepScale } from './transform';

export { makeTable };

const MAX_COMPONENTS: i32 = 3;
/** Field offsets of a component: see {@link setComponent}. */
const H: usize = 0,
  V: usize = 4,
  SIDE: usize = 8,
  DC: usize = 12,
  AC: usize = 16,
  PLANE: usize = 20,
  STRIDE: usize = 24;
const LEFT: usize = 28,
  TOP: usize = 32,
  RIGHT: usize = 36,
  BOTTOM: usize = 40,
  LAST: usize = 44,
  BEFORE: usize = 48;
const STEPS: usize = 64;
const COMPONENT_BYTES: usize = STEPS + 256;

const components: usize = memory.data(3 * 320, 16);
const block: usize = memory.data(256, 16);
/** Byte offset of each zigzag position in a transposed block. */
const places: usize = memory.data(64, 16);
/** Zigzag order: row * 8 + column. */
const zigzag: usize = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);
for (let k: usize = 0; k < 64; k++) {
  const place = <i32>load<u8>(zigzag + k);
  store<u8>(places + k, <u8>(((place & 7) << 3) + (place >> 3)));
}

/** Address of the first byte available to the caller. */
export function heap(): usize {
  return (__heap_base + 63) & ~63;
}

/** Grows the memory to at least `bytes`. @returns 1 if that much is available, else 0 */
export function reserve(bytes: usize): i32 {
  const pages = <i32>((bytes + 65535) >>> 16);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0 ? 1 : 0;
}

/** Sampling factors and Huffman tables (0 to 3) of a component. */
export function setComponent(place: i32, h: i32, v: i32, dc: i32, ac: i32): void {
  const at = components + <usize>place * COMPONENT_BYTES;
  store<i32>(at + H, h);
  store<i32>(at + V, v);
  store<usize>(at + DC, tableAt(dc));
  store<usize>(at + AC, tableAt(ac));
}

/** Sets the output size of a component's blocks, and its 64 quantisation steps (16 bits each) in zigzag order. */
export function setSteps(place: i32, side: i32, steps: usize): void {
  const at = components + <usize>place * COMPONENT_BYTES;
  store<i32>(at + SIDE, side);
  // The last coefficient in zigzag order that a block of this size uses.
  store<i32>(at + LAST, side == 8 ? 63 : side == 4 ? 24 : side == 2 ? 4 : 0);
  for (let k: usize = 0; k < 64; k++) {
    const natural = <i32>load<u8>(zigzag + k);
    store<f32>(
      at + STEPS + (k << 2),
      <f32>load<u16>(steps + (k << 1)) * stepScale(side, natural >> 3, natural & 7),
    );
  }
}

/**
 * Sets the output plane of a component; {@link setWanted} sets its required blocks, from `left`, `top` up to but
 * excluding `right`, `bottom`.
 */
export function setPlane(place: i32, plane: usize, stride: i32): void {
  const at = components + <usize>place * COMPONENT_BYTES;
  store<usize>(at + PLANE, plane);
  store<i32>(at + STRIDE, stride);
}

export function setWanted(place: i32, left: i32, top: i32, right: i32, bottom: i32): void {
  const at = components + <usize>place * COMPONENT_BYTES;
  store<i32>(at + LEFT, left);
  store<i32>(at + TOP, top);
  store<i32>(at + RIGHT, right);
  store<i32>(at + BOTTOM, bottom);
}

let next: u64 = 0;
let have: i32 = 0;
let at: usize = 0;

/** Reads one block. @returns the last stored coefficient, or -1 for invalid data */
function readBlock(component: usize, last: i32): i32 {
  let bits = next;
  let count = have;
  let from = at;
  const dc = load<usize>(component + DC);
  const ac = load<usize>(component + AC);
  const steps = component + STEPS;
  if (count < 32) {
    bits |= bigEndian(from) >> count;
    from += (63 - count) >> 3;
    count |= 56;
  }
  let entry = shortCode(dc, bits);
  if (entry == 0) entry = longCode(dc, bits);
  if (entry == 0) return -1;
  let taken = entry & 255;
  bits <<= taken;
  count -= taken;
  let size = (entry >> 12) & 15;
  let value = entry >> 16;
  if (size != 0) {
    value = signed(<i32>(bits >> (64 - size)), size);
    bits <<= size;
    count -= size;
  }
  value += load<i32>(component + BEFORE);
  store<i32>(component + BEFORE, value);
  store<f32>(block, <f32>value * load<f32>(steps));
  let kept = 0;
  let k = 1;
  while (k <= last) {
    if (count < 32) {
      bits |= bigEndian(from) >> count;
      from += (63 - count) >> 3;
      count |= 56;
    }
    entry = shortCode(ac, bits);
    if (entry == 0) {
      entry = longCode(ac, bits);
      if (entry == 0) return -1;
    }
    taken = entry & 255;
    bits <<= taken;
    count -= taken;
    size = (entry >> 12) & 15;
    value = entry >> 16;
    const zeros = (entry >> 8) & 15;
    if (size != 0) {
      value = signed(<i32>(bits >> (64 - size)), size);
      bits <<= size;
      count -= size;
    } else if (value == 0) {
      // End of block, or a run of 16 zeros.
      k = zeros == 15 ? k + 16 : 65;
      continue;
    }
    k += zeros;
    if (k > 63) return -1;
    if (k <= last) {
      store<f32>(
        block + ((<usize>load<u8>(places + k)) << 2),
        <f32>value * load<f32>(steps + ((<usize>k) << 2)),
      );
      kept = k;
    }
    k++;
  }
  while (k < 64) {
    if (count < 32) {
      bits |= bigEndian(from) >> count;
      from += (63 - count) >> 3;
      count |= 56;
    }
    entry = passOver(ac, bits);
    const passed = (entry >> 8) & 255;
    const ends = entry >> 16;
    // Codes after the last coefficient belong to the next block.
    if (entry != 0 && k + passed + ends <= 64) {
      bits <<= entry & 255;
      count -= entry & 255;
      k += passed;
      if (ends != 0) break;
      continue;
    }
    entry = shortCode(ac, bits);
    if (entry == 0) entry = longCode(ac, bits);
    if (entry == 0) return -1;
    size = (entry >> 12) & 15;
    taken = (entry & 255) + size;
    bits <<= taken;
    count -= taken;
    if (size == 0 && entry >> 16 == 0 && ((entry >> 8) & 15) != 15) break;
    k += ((entry >> 8) & 15) + 1;
  }
  if (k > 65) return -1;
  next = bits;
  have = count;
  at = from;
  return kept;
}

function clear(): void {
  const zero = i32x4.splat(0);
  for (let offset: usize = 0; offset < 256; offset += 64) {
    v128.store(block + offset, zero, 0);
    v128.store(block + offset, zero, 16);
    v128.store(block + offset, zero, 32);
    v128.store(block + offset, zero, 48);
  }
}

function draw(component: usize, x: i32, y: i32, kept: i32): void {
  const side = load<i32>(component + SIDE);
  const stride = <usize>load<i32>(component + STRIDE);
  const column = <usize>((x - load<i32>(component + LEFT)) * side);
  const row = <usize>((y - load<i32>(component + TOP)) * side);
  const to = load<usize>(component + PLANE) + row * stride + column;
  // The DC coefficient has the same scale for every block size.
  if (kept == 0) flat(side, block, to, stride);
  else if (side == 8) block8(block, to, stride);
  else if (side == 4) block4(block, to, stride);
  else block2(block, to, stride);
}

/**
 * Reads the blocks of one component in the coding unit at column `column`, row `row`. @returns whether the data were
 * valid
 */
function readUnit(component: usize, column: i32, row: i32): bool {
  const h = load<i32>(component + H);
  const v = load<i32>(component + V);
  const left = load<i32>(component + LEFT),
    right = load<i32>(component + RIGHT);
  const top = load<i32>(component + TOP),
    bottom = load<i32>(component + BOTTOM);
  const last = load<i32>(component + LAST);
  for (let j = 0; j < v; j++) {
    const y = row * v + j;
    for (let i = 0; i < h; i++) {
      const x = column * h + i;
      const wanted = x >= left && x < right && y >= top && y < bottom;
      const kept = readBlock(component, wanted ? last : 0);
      if (kept < 0) return false;
      if (wanted) draw(component, x, y, kept);
      if (kept > 0) clear();
    }
  }
  return true;
}

/**
 * Reads the single scan of an image.
 * @param source coded data, up to `end`; `room` needs as many bytes and 4096 more
 * @param restart units between restart markers, or 0
 * @returns bytes read, or 0 for invalid data
 */
export function readScan(
  source: usize,
  end: usize,
  room: usize,
  count: i32,
  columns: i32,
  rows: i32,
  restart: i32,
): i32 {
  let from = source;
  let unit = 0;
  const units = columns * rows;
  let expected: i32 = 0xd0;
  clear();
  while (unit < units) {
    const bytes = unstuff(from, end, room);
    memory.fill(room + bytes, 0, 4096);
    next = 0;
    have = 0;
    at = room;
    for (let place = 0; place < count; place++)
      store<i32>(components + <usize>place * COMPONENT_BYTES + BEFORE, 0);
    const stop = restart > 0 ? min(unit + restart, units) : units;
    for (; unit < stop; unit++) {
      const row = unit / columns;
      for (let place = 0; place < count; place++) {
        if (!readUnit(components + <usize>place * COMPONENT_BYTES, unit - row * columns, row)) return 0;
      }
      // More bits were consumed than the segment contains.
      if (<i32>(at - room) - (have >> 3) > bytes) return 0;
    }
    from = markerAt;
    if (from + 2 > end) return 0;
    if (unit == units) {
      // All bits except the padding must be consumed, and the end marker must follow.
      return bytes - <i32>(at - room) + (have >> 3) <= 1 && load<u8>(from + 1) == 0xd9
        ? <i32>(from + 2 - source)
        : 0;
    }
    if (<i32>load<u8>(from + 1) != expected) return 0;
    expected = 0xd0 + ((expected + 1) & 7);
    from += 2;
  }
  return 0;
}

/** Sum of the weights of one pixel. */
const ONE: i32 = 1 << 14;

/**
 * Weights for resizing along one axis by a triangle filter whose width follows the scale: for each of `count` pixels
 * from `first` on, the first source pixel (32 bits) and `taps` weights (16 bits).
 * @param ratio source pixels per output pixel
 * @param length of the source, of which the first `skipped` pixels were not decoded
 */
export function makeWeights(
  to: usize,
  count: i32,
  first: i32,
  ratio: f64,
  length: i32,
  skipped: i32,
  taps: i32,
): void {
  const reach = max(1.0, ratio);
  const entry: usize = 4 + 2 * <usize>taps;
  memory.fill(to, 0, <usize>count * entry);
  for (let index = 0; index < count; index++) {
    const centre = (<f64>(first + index) + 0.5) * ratio;
    // Pixels that only fill up a vector may lie beyond the end.
    const from = min(max(<i32>floor(centre - reach + 0.5), 0), length - 1);
    const end = min(min(<i32>floor(centre + reach + 0.5), length), from + taps);
    const row = to + <usize>index * entry;
    store<i32>(row, from - skipped);
    let sum: f64 = 0;
    for (let x = from; x < end; x++) sum += triangle(<f64>x + 0.5 - centre, reach);
    let rest = ONE;
    let largest: usize = 0;
    for (let x = from; x < end; x++) {
      const place = row + 4 + ((<usize>(x - from)) << 1);
      const weight = <i32>nearest((triangle(<f64>x + 0.5 - centre, reach) / sum) * <f64>ONE);
      store<i16>(place, <i16>weight);
      rest -= weight;
      if (largest == 0 || weight > <i32>load<i16>(largest)) largest = place;
    }
    if (largest != 0) store<i16>(largest, <i16>(<i32>load<i16>(largest) + rest));
  }
}

function triangle(distance: f64, reach: f64): f64 {
  return max(0.0, 1.0 - abs(distance) / reach);
}

function scaled(sums: v128): v128 {
  return i32x4.shr_s(i32x4.add(sums, i32x4.splat(ONE >> 1)), 14);
}

/** Resizes vertically to `rows` rows of `width` pixels, rounded up to eight. `taps` must be even. */
export function resizeColumns(
  from: usize,
  stride: i32,
  width: i32,
  weights: usize,
  taps: i32,
  rows: i32,
  to: usize,
  toStride: i32,
): void {
  const entry: usize = 4 + 2 * <usize>taps;
  for (let row = 0; row < rows; row++) {
    const at = weights + <usize>row * entry;
    const source = from + <usize>(load<i32>(at) * stride);
    const target = to + <usize>(row * toStride);
    for (let x: usize = 0; x < <usize>width; x += 8) {
      let low = i32x4.splat(0);
      let high = i32x4.splat(0);
      for (let tap: usize = 0; tap < <usize>taps; tap += 2) {
        const pair = i32x4.splat(load<i32>(at + 4 + (tap << 1)));
        const line = source + tap * <usize>stride + x;
        const a = v128.load8x8_u(line);
        const b = v128.load8x8_u(line + stride);
        low = i32x4.add(low, i32x4.dot_i16x8_s(v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11), pair));
        high = i32x4.add(high, i32x4.dot_i16x8_s(v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), pair));
      }
      const words = i16x8.narrow_i32x4_s(scaled(low), scaled(high));
      v128.store64_lane(target + x, i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}

function weighed(source: usize, at: usize, taps: i32): v128 {
  const from = source + <usize>load<i32>(at);
  let sums = i32x4.dot_i16x8_s(v128.load8x8_u(from), v128.load(at, 4));
  for (let tap: usize = 8; tap < <usize>taps; tap += 8) {
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load8x8_u(from + tap), v128.load(at + 4 + (tap << 1))));
  }
  return sums;
}

/** Resizes horizontally to `width` pixels, rounded up to four. `taps` must be a multiple of eight. */
export function resizeRows(
  from: usize,
  stride: i32,
  rows: i32,
  weights: usize,
  taps: i32,
  width: i32,
  to: usize,
  toStride: i32,
): void {
  const entry: usize = 4 + 2 * <usize>taps;
  for (let row = 0; row < rows; row++) {
    const source = from + <usize>(row * stride);
    const target = to + <usize>(row * toStride);
    let at = weights;
    for (let x: usize = 0; x < <usize>width; x += 4) {
      const a = weighed(source, at, taps),
        b = weighed(source, at + entry, taps);
      const c = weighed(source, at + 2 * entry, taps),
        d = weighed(source, at + 3 * entry, taps);
      at += 4 * entry;
      const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
      const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
      const all = i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
      const words = i16x8.narrow_i32x4_s(scaled(all), all);
      v128.store32_lane(target + x, i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}

/** Multiplies 16-bit integers by a factor below 1. */
function part(value: v128, factor: f64): v128 {
  return i16x8.q15mulr_sat_s(value, i16x8.splat(<i16>(factor * 32768 + 0.5)));
}

/**
 * Converts YCbCr (JFIF) to RGB. Reads and writes up to 8 pixels beyond the end of each row of `stride`. With `grey`, Cb
 * and Cr are ignored.
 */
export function toColours(
  plane: usize,
  blue: usize,
  red: usize,
  stride: i32,
  width: i32,
  rows: i32,
  grey: i32,
  to: usize,
): void {
  const middle = i16x8.splat(128);
  for (let row = 0; row < rows; row++) {
    const line = <usize>(row * stride);
    let target = to + <usize>(row * width * 3);
    for (let x: usize = 0; x < <usize>width; x += 8) {
      const y = v128.load8x8_u(plane + line + x);
      let r = y,
        g = y,
        b = y;
      if (grey == 0) {
        const cb = i16x8.sub(v128.load8x8_u(blue + line + x), middle);
        const cr = i16x8.sub(v128.load8x8_u(red + line + x), middle);
        r = i16x8.add(i16x8.add(y, cr), part(cr, 0.402));
        // Both products are summed with additional bits, so that they are rounded once.
        const green = i16x8.add(part(i16x8.shl(cb, 4), 0.344136), part(i16x8.shl(cr, 4), 0.714136));
        g = i16x8.sub(y, i16x8.shr_s(i16x8.add(green, i16x8.splat(8)), 4));
        b = i16x8.sub(i16x8.add(y, i16x8.shl(cb, 1)), part(cb, 0.228));
      }
      const rg = i8x16.narrow_i16x8_u(r, g);
      const bb = i8x16.narrow_i16x8_u(b, b);
      v128.store(target, v128.shuffle<u8>(rg, bb, 0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5));
      v128.store64_lane(
        target + 16,
        v128.shuffle<u8>(rg, bb, 13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0),
        0,
      );
      target += 24;
    }
  }
}
