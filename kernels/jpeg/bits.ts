/**
 * Huffman-coded data of a baseline JPEG: tables, and the bits that are read with them. Nothing here trusts the data: a
 * wrong code ends the picture, and the caller gives it to a tolerant decoder.
 */

/** Codes of up to so many bits are found by one look into a table. */
const LOOK: i32 = 10;
const LOOK_ENTRIES: i32 = 1 << LOOK;
const LONGEST: i32 = 16;

/** Codes that are only passed over are taken together, as many as so many bits hold. */
const PASS: i32 = 11;
const PASS_ENTRIES: i32 = 1 << PASS;
const LONGEST_TABLE: i32 = LONGEST + 256;

/**
 * Of one table: what the next bits mean; the length and value of the next code; what is passed over at once; for codes that are longer
 * the first code beyond each length and where its values are; the values; the table as it came.
 */
const LENGTHS: usize = <usize>LOOK_ENTRIES * 4;
const SYMBOLS: usize = LENGTHS + LOOK_ENTRIES;
const PASSES: usize = SYMBOLS + LOOK_ENTRIES;
const BEYOND: usize = PASSES + 4 * PASS_ENTRIES;
const OFFSETS: usize = BEYOND + 4 * 18;
const VALUES: usize = OFFSETS + 4 * 18;
const SOURCE: usize = VALUES + 256;
const TABLE_BYTES: usize = SOURCE + LONGEST_TABLE;
const TABLES: i32 = 4;

const tables: usize = memory.data(TABLES * <i32>TABLE_BYTES, 16);

/** Address of one of the four tables. */
export function tableAt(place: i32): usize {
  return tables + <usize>place * TABLE_BYTES;
}

/**
 * Makes a table of the 16 counts and the values behind them, as a JPEG has them. An entry of the look-up is the bits that it
 * takes (8), zeros before the value (4), bits of the value still to be read (4) and the value (16) where it fits; 0 for codes that
 * are longer.
 * @returns 1, or 0 for counts that no code has
 */
export function makeTable(place: i32, counts: usize): i32 {
  const table = tableAt(place);
  let total = LONGEST;
  for (let length = 0; length < LONGEST; length++) total += <i32>load<u8>(counts + length);
  if (total > LONGEST_TABLE) return 0;
  // Most pictures come with the tables of the one before.
  if (memory.compare(table + SOURCE, counts, total) == 0) return 1;
  memory.fill(table, 0, TABLE_BYTES);
  let code: i32 = 0;
  let index: i32 = 0;
  for (let length = 1; length <= LONGEST; length++) {
    const count = <i32>load<u8>(counts + length - 1);
    store<i32>(table + OFFSETS + ((<usize>length) << 2), index - code);
    for (let k = 0; k < count; k++) {
      if (code >= 1 << length) return 0;
      const value = <i32>load<u8>(counts + LONGEST + index);
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
 * An entry of what is passed over: bits that are taken (8), places that they stand for (8), whether the block ends (1). Codes lie wholly
 * in the window, the value of the last one may lie beyond. 0 where no code does.
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

/** The number that `size` bits stand for: those that begin with 0 are negative. */
export function signed(bits: i32, size: i32): i32 {
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/** The entry of a code that is longer than the look-up; 0 where there is none. */
export function longCode(table: usize, next: u64): i32 {
  for (let length = LOOK + 1; length <= LONGEST; length++) {
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

/** What the next bits mean by the table's look-up; 0 for longer codes. */
export function shortCode(table: usize, next: u64): i32 {
  return load<i32>(table + ((<usize>(next >> (64 - LOOK))) << 2));
}

/** Eight bytes, the first one on top. */
export function bigEndian(at: usize): u64 {
  const bytes = v128.load64_zero(at);
  return <u64>(
    i64x2.extract_lane(i8x16.swizzle(bytes, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)), 0)
  );
}

/**
 * Copies coded data up to the next marker, without the zeros that follow every byte of 255.
 * @returns bytes written; `markerAt` is where the marker's byte of 255 is, or `end`
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
