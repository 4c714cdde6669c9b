import { BitReader, DataEnd, type HuffmanCode } from './jpeg-huffman.js';
import { readScans, type JpegFrame, type JpegScan } from './jpeg-scans.js';

/** Coefficients per block. */
const COEFFICIENTS = 64;

/**
 * Weight of a scan that adds one bit of precision: without it the image is complete, only slightly coarser.
 */
const REFINEMENT = 0.1;

/** Blocks of one component that a scan covers. */
interface Extent {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Share of a JPEG's image that is missing in its coded data, 0 to 1: for the scan that lacks most, the share
 * of its blocks that could not be read. Decodes the Huffman codes without computing pixels.
 * @returns null when unknown: arithmetic coding, or a broken header
 */
export function missingShareOf(bytes: Uint8Array): number | null {
  const file = readScans(bytes);
  if (!file) return null;
  const { frame, scans } = file;
  const known = frame.components.map(
    ({ h, v }) => new Uint8Array(paddedBlocks(frame, h, v) * (frame.progressive ? COEFFICIENTS : 0)),
  );
  const missing = scans.map((scan) => new ScanWalk(frame, scan, known).missingShare());
  return Math.max(isCovered(frame, scans) ? 0 : 1, ...missing);
}

/** Whether every coefficient of every component is coded to its last bit. */
function isCovered({ components }: JpegFrame, scans: readonly JpegScan[]): boolean {
  return components.every((_, component) => {
    const own = scans.filter((scan) => scan.components.some(({ index }) => index === component));
    return Array.from({ length: COEFFICIENTS }, (_unused, at) => at).every((at) =>
      own.some(({ start, end, low }) => start <= at && at <= end && low === 0),
    );
  });
}

const mostOf = (frame: JpegFrame, axis: 'h' | 'v'): number =>
  Math.max(...frame.components.map((component) => component[axis]));

function unitsOf(frame: JpegFrame): Extent {
  return {
    columns: Math.ceil(frame.width / (8 * mostOf(frame, 'h'))),
    rows: Math.ceil(frame.height / (8 * mostOf(frame, 'v'))),
  };
}

function paddedBlocks(frame: JpegFrame, h: number, v: number): number {
  const { columns, rows } = unitsOf(frame);
  return columns * h * rows * v;
}

/**
 * A scan of one component covers only blocks within the image; a scan of several covers whole units (MCUs).
 */
function extentOf(frame: JpegFrame, { components }: JpegScan): Extent {
  if (components.length > 1) return unitsOf(frame);
  const { h, v } = frame.components[components[0].index];
  return {
    columns: Math.ceil(Math.ceil((frame.width * h) / mostOf(frame, 'h')) / 8),
    rows: Math.ceil(Math.ceil((frame.height * v) / mostOf(frame, 'v')) / 8),
  };
}

/** Traverses one scan. */
class ScanWalk {
  #run = 0;
  readonly #extent: Extent;
  /** Blocks per row of the scan's first component. */
  readonly #stride: number;

  readonly #frame: JpegFrame;
  readonly #scan: JpegScan;
  readonly #known: readonly Uint8Array[];

  constructor(
    frame: JpegFrame,
    scan: JpegScan,
    /** For each component and coefficient, whether it is known to be non-zero. */
    known: readonly Uint8Array[],
  ) {
    this.#frame = frame;
    this.#scan = scan;
    this.#known = known;

    this.#extent = extentOf(frame, scan);
    this.#stride = unitsOf(frame).columns * frame.components[scan.components[0].index].h;
  }

  missingShare(): number {
    const total = this.#extent.columns * this.#extent.rows;
    const { restart, intervals } = this.#scan;
    const size = restart === 0 ? total : restart;
    let read = 0;
    for (let first = 0, index = 0; first < total; first += size, index += 1) {
      const wanted = Math.min(size, total - first);
      read += index < intervals.length ? this.#readInterval(intervals[index], first, wanted) : 0;
    }
    const { start, high } = this.#scan;
    return ((total - read) / total) * (start > 0 && high > 0 ? REFINEMENT : 1);
  }

  /** Number of units that could be read, out of `wanted` units starting at `first`. */
  #readInterval(data: Uint8Array, first: number, wanted: number): number {
    const bits = new BitReader(data);
    this.#run = 0;
    for (let done = 0; done < wanted; done += 1) {
      try {
        this.#readUnit(bits, first + done);
      } catch (error) {
        if (error instanceof DataEnd) return done;
        throw error;
      }
    }
    return wanted;
  }

  #readUnit(bits: BitReader, unit: number): void {
    const { components } = this.#scan;
    if (components.length === 1) {
      const { columns } = this.#extent;
      this.#readBlock(bits, 0, this.#blockAt(unit % columns, Math.floor(unit / columns)));
      return;
    }
    components.forEach(({ index }, place) => {
      const { h, v } = this.#frame.components[index];
      // Scans of several components have no refinements, so no history is kept.
      for (let block = 0; block < h * v; block += 1) this.#readBlock(bits, place, 0);
    });
  }

  /** Offset of a block's coefficients. */
  #blockAt(column: number, row: number): number {
    return (row * this.#stride + column) * COEFFICIENTS;
  }

  #readBlock(bits: BitReader, place: number, at: number): void {
    const { start, high } = this.#scan;
    const { dc, ac } = this.#scan.components[place];
    if (!this.#frame.progressive) {
      bits.number(codeOf(dc).read(bits));
      this.#skipCoefficients(bits, codeOf(ac));
    } else if (start === 0) {
      if (high > 0) bits.read();
      else bits.number(codeOf(dc).read(bits));
    } else {
      const known = this.#known[this.#scan.components[place].index].subarray(at, at + COEFFICIENTS);
      if (high > 0) this.#refine(bits, codeOf(ac), known);
      else this.#readFirst(bits, codeOf(ac), known);
    }
  }

  #skipCoefficients(bits: BitReader, code: HuffmanCode): void {
    for (let at = 1; at < COEFFICIENTS; at += 1) {
      const value = code.read(bits);
      const [zeros, size] = [value >> 4, value & 15];
      if (size === 0 && zeros < 15) return;
      at += zeros;
      bits.number(size);
    }
  }

  /** First pass over a band of coefficients (ITU-T T.81, G.1.2.2). */
  #readFirst(bits: BitReader, code: HuffmanCode, known: Uint8Array): void {
    if (this.#run > 0) {
      this.#run -= 1;
      return;
    }
    for (let at = this.#scan.start; at <= this.#scan.end; at += 1) {
      const value = code.read(bits);
      const [zeros, size] = [value >> 4, value & 15];
      if (size === 0 && zeros < 15) {
        this.#run = (1 << zeros) - 1 + bits.number(zeros);
        return;
      }
      at += zeros;
      if (size > 0) known[at] = 1;
      bits.number(size);
    }
  }

  /** Refines known coefficients by one bit and adds new ones between them (ITU-T T.81, G.1.2.3). */
  #refine(bits: BitReader, code: HuffmanCode, known: Uint8Array): void {
    let at = this.#scan.start;
    while (this.#run === 0 && at <= this.#scan.end) {
      const value = code.read(bits);
      const [zeros, size] = [value >> 4, value & 15];
      if (size === 0 && zeros < 15) {
        this.#run = (1 << zeros) + bits.number(zeros);
        break;
      }
      bits.number(size);
      at = this.#passOver(bits, known, { at, zeros });
      if (size > 0 && at <= this.#scan.end) known[at] = 1;
      at += 1;
    }
    if (this.#run === 0) return;
    for (; at <= this.#scan.end; at += 1) if (known[at] === 1) bits.read();
    this.#run -= 1;
  }

  /**
   * Reads the refinement bits of known coefficients until the given number of unknown ones was passed;
   * returns the next position.
   */
  #passOver(
    bits: BitReader,
    known: Uint8Array,
    from: { readonly at: number; readonly zeros: number },
  ): number {
    let { at, zeros } = from;
    for (; at <= this.#scan.end; at += 1) {
      if (known[at] === 1) bits.read();
      else if (zeros === 0) return at;
      else zeros -= 1;
    }
    return at;
  }
}

function codeOf(code: HuffmanCode | null): HuffmanCode {
  if (code) return code;
  throw new DataEnd('no table');
}
