/**
 * Huffman decoding of baseline JPEG data: tables and bit reading. The data are untrusted: an invalid code aborts the
 * image, and the caller falls back to a tolerant decoder.
 */

/** Codes of up to this many bits are decoded by one table look-up. */
const LOOK: i32 = 10;
const LOOK_ENTRIES: i32 = 1 << LOOK;
const MAX_CODE_LENGTH: i32 = 16;

/** Bits of the look-up that skips several codes at once. */
const PASS: i32 = 11;
const PASS_ENTRIES: i32 = 1 << PASS;
const MAX_TABLE_BYTES: i32 = MAX_CODE_LENGTH + 256;

/**
 * Layout of one table: look-up entries; lengths and symbols of the next code; skip entries; for longer codes, the end
 * of the code range and the symbol offset of each length; the symbols; the source table.
 */
const LENGTHS: usize = <usize>LOOK_ENTRIES * 4;
const SYMBOLS: usize = LENGTHS + LOOK_ENTRIES;
const PASSES: usize = SYMBOLS + LOOK_ENTRIES;
const BEYOND: usize = PASSES + 4 * PASS_ENTRIES;
const OFFSETS: usize = BEYOND + 4 * 18;
const VALUES: usize = OFFSETS + 4 * 18;
const SOURCE: usize = VALUES + 256;
const TABLE_BYTES: usize = SOURCE + MAX_TABLE_BYTES;
const TABLES: i32 = 4;

const tables: usize = memory.data(TABLES * <i32>TABLE_BYTES, 16);

/** Address of one of the four tables. */
export function tableAt(place: i32): usize {
  return tables + <usize>place * TABLE_BYTES;
}

/**
 * Builds a table from the 16 counts and the symbols after them, in the format of a JPEG. A look-up entry contains the
 * number of consumed bits (8), the run of zeros before the value (4), the number of value bits still to be read (4) and
 * the value if it fits (16); it is 0 for longer codes.
 * @returns 1, or 0 if the counts are not those of a prefix code
 */
export function makeTable(place: i32, counts: usize): i32 {
  const table = tableAt(place);
  let total = MAX_CODE_LENGTH;
  for (let length = 0; length < MAX_CODE_LENGTH; length++) total += <i32>load<u8>(counts + length);
  if (total > MAX_TABLE_BYTES) return 0;
  // Consecutive images mostly have the same tables.
  if (memory.compare(table + SOURCE, counts, total) == 0) return 1;
  memory.fill(table, 0, TABLE_BYTES);
  let code: i32 = 0;
  let index: i32 = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    const count = <i32>load<u8>(counts + length - 1);
    store<i32>(table + OFFSETS + ((<usize>length) << 2), index - code);
    for (let k = 0; k < count; k++) {
      if (code >= 1 << length) return 0;
      const value = <i32>load<u8>(counts + MAX_CODE_LENGTH + index);
      store<u8>(table + VALUES + index, <u8>value);
      if (length <= LOOK) enter(table, code, length, value);
      code++;
      index++;
    }
    store<i32>(table + BEYOND + ((<usize>length) << 2), code);
    code <<= 1;
  }
  for (let window = 0; window < PASS_ENTRIES; window++) enterPass(table, window);
  memory.copy(table + SOURCE, counts, total);
  return 1;
}

/**
 * Builds a skip entry: consumed bits (8), skipped coefficients (8), whether the block ends (1). The codes lie
 * completely within the window; the value bits of the last one may extend beyond it. 0 if the window contains no
 * complete code.
 */
function enterPass(table: usize, window: i32): void {
  let taken = 0;
  let places = 0;
  while (taken < PASS) {
    const look = <usize>((((window << taken) & (PASS_ENTRIES - 1)) << 16) >>> (16 + PASS - LOOK));
    const length = <i32>load<u8>(table + LENGTHS + look);
    if (length == 0 || taken + length > PASS) break;
    const symbol = <i32>load<u8>(table + SYMBOLS + look);
    taken += length + (symbol & 15);
    if ((symbol & 15) == 0 && symbol != 0xf0) {
      store<i32>(table + PASSES + ((<usize>window) << 2), taken | (places << 8) | (1 << 16));
      return;
    }
    places += (symbol >> 4) + 1;
  }
  store<i32>(table + PASSES + ((<usize>window) << 2), taken | (places << 8));
}

/** See {@link enterPass}. */
export function passOver(table: usize, next: u64): i32 {
  return load<i32>(table + PASSES + ((<usize>(next >> (64 - PASS))) << 2));
}

function enter(table: usize, code: i32, length: i32, value: i32): void {
  const zeros = value >> 4;
  const size = value & 15;
  const free = LOOK - length;
  for (let rest = 0; rest < 1 << free; rest++) {
    let entry = length | (zeros << 8) | (size << 12);
    if (size > 0 && size <= free) {
      const bits = rest >> (free - size);
      entry = (length + size) | (zeros << 8) | (signed(bits, size) << 16);
    }
    const look = <usize>((code << free) | rest);
    store<i32>(table + (look << 2), entry);
    store<u8>(table + LENGTHS + look, <u8>length);
    store<u8>(table + SYMBOLS + look, <u8>value);
  }
}

/** Sign extension of a value of `size` bits: those that begin with 0 are negative. */
export function signed(bits: i32, size: i32): i32 {
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/** The entry of a code that is longer than the look-up; 0 if there is none. */
export function longCode(table: usize, next: u64): i32 {
  for (let length = LOOK + 1; length <= MAX_CODE_LENGTH; length++) {
    const code = <i32>(next >> (64 - length));
    if (code < load<i32>(table + BEYOND + ((<usize>length) << 2))) {
      const value = <i32>(
        load<u8>(table + VALUES + <usize>((code + load<i32>(table + OFFSETS + ((<usize>length) << 2))) & 255))
      );
      return length | ((value >> 4) << 8) | ((value & 15) << 12);
    }
  }
  return 0;
}

/** The look-up entry for the next bits; 0 for longer codes. */
export function shortCode(table: usize, next: u64): i32 {
  return load<i32>(table + ((<usize>(next >> (64 - LOOK))) << 2));
}

/** Loads eight bytes in big-endian order. */
export function bigEndian(at: usize): u64 {
  const bytes = v128.load64_zero(at);
  return <u64>(
    i64x2.extract_lane(i8x16.swizzle(bytes, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)), 0)
  );
}

/**
 * Copies coded data up to the next marker, without the zero after each byte of 255 (byte stuffing).
 * @returns bytes written; `markerAt` is the address of the marker's 255, or `end`
 */
export function unstuff(from: usize, end: usize, to: usize): i32 {
  let write = to;
  let read = from;
  while (read < end) {
    while (read + 16 <= end) {
      const chunk = v128.load(read);
      v128.store(write, chunk);
      const mask = i8x16.bitmask(i8x16.eq(chunk, i8x16.splat(-1)));
      if (mask != 0) {
        const clear = ctz(mask);
        read += clear;
        write += clear;
        break;
      }
      read += 16;
      write += 16;
    }
    if (read >= end) break;
    const byte = load<u8>(read);
    if (byte != 255) {
      store<u8>(write++, byte);
      read++;
    } else if (read + 1 < end && load<u8>(read + 1) == 0) {
      store<u8>(write++, 255);
      read += 2;
    } else break;
  }
  markerAt = read;
  return <i32>(write - to);
}

export let markerAt: usize = 0;
