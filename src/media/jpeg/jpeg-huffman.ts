/** Thrown when coded data ends or is invalid. */
export class DataEnd extends Error {}

/** Canonical Huffman code of a DHT segment (ITU-T T.81, annex C). */
export class HuffmanCode {
  readonly #first = new Int32Array(17);
  readonly #count = new Uint8Array(17);
  readonly #offset = new Int32Array(17);

  readonly #values: Uint8Array;

  /**
   * @param counts number of codes of each length from 1 to 16 bits
   * @param values decoded values in the order of their codes
   */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.#values = values;

    let code = 0;
    let offset = 0;
    for (let bits = 1; bits <= 16; bits += 1) {
      this.#first[bits] = code;
      this.#count[bits] = counts[bits - 1];
      this.#offset[bits] = offset;
      code = (code + counts[bits - 1]) << 1;
      offset += counts[bits - 1];
    }
  }

  /** The next value. @throws DataEnd */
  read(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= 16; length += 1) {
      code = (code << 1) | bits.read();
      const index = code - this.#first[length];
      if (index >= 0 && index < this.#count[length]) return this.#values[this.#offset[length] + index];
    }
    throw new DataEnd('no such code');
  }
}

/** Reads bits of coded data between two markers. */
export class BitReader {
  #byte = 0;
  #left = 0;

  readonly #data: Uint8Array;
  #at: number;

  constructor(data: Uint8Array, at = 0) {
    this.#data = data;
    this.#at = at;
  }

  /** The next bit. @throws DataEnd */
  read(): number {
    if (this.#left === 0) {
      if (this.#at >= this.#data.length) throw new DataEnd('no more data');
      this.#byte = this.#data[this.#at];
      // A zero byte is stuffed after 0xff.
      this.#at += this.#byte === 0xff ? 2 : 1;
      this.#left = 8;
    }
    this.#left -= 1;
    return (this.#byte >> this.#left) & 1;
  }

  /** The next `count` bits as a number. @throws DataEnd */
  number(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit += 1) value = (value << 1) | this.read();
    return value;
  }
}
