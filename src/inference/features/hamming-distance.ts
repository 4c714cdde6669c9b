import { createNearestRecorder, type NearestTable } from './nearest-table.js';
import type { BinaryDescriptors } from './types.js';

/**
 * Compares all rows of two sets of bit strings by Hamming distance.
 * Bit counting follows the classic divide and conquer over 2-, 4- and 8-bit fields (Warren, Hacker's Delight, 5-1),
 * with the fields of several words added up before they are widened.
 * @param currentPoints `[n1, 2]` pixels
 */
export function nearestByHamming(
  goal: BinaryDescriptors,
  current: BinaryDescriptors,
  currentPoints: Float32Array,
): NearestTable {
  const words = Math.ceil(goal.bytes / 4);
  const a = asWords(goal, words);
  const b = asWords(current, words);
  const goalCount = a.length / words;
  const recorder = createNearestRecorder(goalCount, currentPoints);
  const rowDistances = words === 8 ? distances8 : distancesAny;
  const distances = new Int32Array(b.length / words);
  for (let i = 0; i < goalCount; i++) {
    rowDistances(a, i * words, b, distances);
    recorder.record(i, distances);
  }
  return recorder.table;
}

/** Distances of one 256-bit row to all rows of `b`, unrolled: ORB's case. */
function distances8(a: Uint32Array, at: number, b: Uint32Array, out: Int32Array): void {
  const a0 = a[at] | 0;
  const a1 = a[at + 1] | 0;
  const a2 = a[at + 2] | 0;
  const a3 = a[at + 3] | 0;
  const a4 = a[at + 4] | 0;
  const a5 = a[at + 5] | 0;
  const a6 = a[at + 6] | 0;
  const a7 = a[at + 7] | 0;
  for (let j = 0, k = 0; j < out.length; j++, k += 8) {
    // Up to three words fit the 4-bit fields (3 * 4 = 12 < 16).
    const first = nibbles(a0 ^ b[k]) + nibbles(a1 ^ b[k + 1]) + nibbles(a2 ^ b[k + 2]);
    const middle = nibbles(a3 ^ b[k + 3]) + nibbles(a4 ^ b[k + 4]) + nibbles(a5 ^ b[k + 5]);
    const last = nibbles(a6 ^ b[k + 6]) + nibbles(a7 ^ b[k + 7]);
    out[j] = total(bytesOf(first) + bytesOf(middle) + bytesOf(last));
  }
}

/** The same for rows of any length, three words at a time. */
function distancesAny(a: Uint32Array, at: number, b: Uint32Array, out: Int32Array): void {
  const words = b.length / out.length;
  const grouped = words - (words % 3);
  for (let j = 0, k = 0; j < out.length; j++) {
    let distance = 0;
    let w = 0;
    for (; w < grouped; w += 3, k += 3) {
      const fields =
        nibbles(a[at + w] ^ b[k]) + nibbles(a[at + w + 1] ^ b[k + 1]) + nibbles(a[at + w + 2] ^ b[k + 2]);
      distance += total(bytesOf(fields));
    }
    for (; w < words; w++, k++) distance += total(bytesOf(nibbles(a[at + w] ^ b[k])));
    out[j] = distance;
  }
}

/** Bits of each 4-bit field. */
function nibbles(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  return (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
}

/** Sums of neighbouring 4-bit fields, each in 8 bits. */
function bytesOf(fields: number): number {
  return (fields & 0x0f0f0f0f) + ((fields >>> 4) & 0x0f0f0f0f);
}

/** Sum of the four 8-bit fields; in 16 bits, since a row that differs in all of 256 bits does not fit eight. */
function total(fields: number): number {
  const halves = (fields & 0x00ff00ff) + ((fields >>> 8) & 0x00ff00ff);
  return (halves + (halves >>> 16)) & 0xffff;
}

/** Rows as 32-bit words; copied when they are not aligned or not whole words (zero padding changes no distance). */
function asWords({ bytes, data }: BinaryDescriptors, words: number): Uint32Array {
  const rows = bytes === 0 ? 0 : data.length / bytes;
  if (bytes === words * 4 && data.byteOffset % 4 === 0) {
    return new Uint32Array(data.buffer, data.byteOffset, rows * words);
  }
  const padded = new Uint8Array(rows * words * 4);
  for (let i = 0; i < rows; i++) padded.set(data.subarray(i * bytes, (i + 1) * bytes), i * words * 4);
  return new Uint32Array(padded.buffer);
}
