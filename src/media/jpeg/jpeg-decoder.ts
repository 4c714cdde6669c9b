import type { Size } from '../../vision/image/image.js';
import type { HuffmanTable, JpegComponent, JpegHeader } from './jpeg-header.js';
import { JPEG_KERNEL } from './jpeg-kernel.js';

/**
 * Placement of the decoded part in a resized image: the whole image is resized to `width` x `height`; the
 * part starts at this offset and has the size that is wanted.
 */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/** The part of the resized image that is decoded. */
interface WantedPart {
  readonly shape: Size;
  readonly place: Placement;
}

/** Exports of kernels/jpeg. */
interface JpegKernel {
  readonly memory: WebAssembly.Memory;
  heap(): number;
  reserve(bytes: number): number;
  makeTable(place: number, counts: number): number;
  setComponent(place: number, h: number, v: number, dc: number, ac: number): void;
  setSteps(place: number, side: number, steps: number): void;
  setPlane(place: number, plane: number, stride: number): void;
  setWanted(place: number, left: number, top: number, right: number, bottom: number): void;
  readScan(...numbers: readonly number[]): number;
  makeWeights(...numbers: readonly number[]): void;
  resizeColumns(...numbers: readonly number[]): void;
  resizeRows(...numbers: readonly number[]): void;
  toColours(...numbers: readonly number[]): void;
}

/** One dimension of a component's plane. */
interface Axis {
  /** Length of the whole image in this dimension, in pixels. */
  readonly length: number;
  /** Source pixels per pixel of the resized image. */
  readonly ratio: number;
  /** Range of needed blocks, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** Number of weights per resized pixel. */
  readonly taps: number;
}

interface Plane {
  readonly side: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly stride: number;
  readonly rows: number;
}

const BLOCK = 8;
/** Larger files are decoded on worker threads, because they would block the event loop for too long. */
const MAX_BYTES = 2 ** 20;
const MAX_MEMORY = 16 * 2 ** 20;
/** Number of bytes that the kernel may read beyond the end of the data. */
const ROOM = 4096 + 64;

const align = (address: number): number => (address + 63) & ~63;
const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/**
 * Decodes baseline JPEGs to small images. Only the needed blocks are computed, each at the smallest
 * sufficient size, and they are resized before colour conversion. Runs in WebAssembly, so no file can access
 * memory outside of the decoder's own.
 */
export class JpegDecoder {
  readonly #kernel: JpegKernel;
  readonly #heap: number;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(JPEG_KERNEL.base64, 'base64'));
    this.#kernel = new WebAssembly.Instance(module).exports as JpegKernel & WebAssembly.Instance['exports'];
    this.#heap = this.#kernel.heap();
  }

  /**
   * Pixels of a part of the resized image, R, G, B row by row; resized with a triangle filter (bilinear,
   * anti-aliased).
   * @param header parsed from these bytes
   * @returns null for files that are damaged, too large, or of an unsupported kind
   */
  decode(bytes: Uint8Array, header: JpegHeader, part: WantedPart): Uint8Array | null {
    const target = this.#read(bytes, header, { ...part, count: header.components.length });
    return target && this.#colours(target, this.#resize(target));
  }

  /**
   * Luma of the resized image, one byte per pixel. The colours are skipped, which takes less than half the time.
   * @param header parsed from these bytes
   * @returns as {@link decode}
   */
  decodeLuma(bytes: Uint8Array, header: JpegHeader, shape: Size): Uint8Array<ArrayBuffer> | null {
    const place = { ...shape, left: 0, top: 0 };
    const target = this.#read(bytes, header, { shape, place, count: 1 });
    if (!target) return null;
    if (shape.width === header.width && shape.height === header.height) {
      const [[plane], [address]] = [target.planes, target.addresses];
      return this.#copyRows(address, plane.stride, shape);
    }
    const [plane] = this.#resize(target);
    return this.#copyRows(plane, strideOf(shape), shape);
  }

  /** Reads the first `count` components into planes and skips the others. */
  #read(
    bytes: Uint8Array,
    header: JpegHeader,
    { shape, place, count }: WantedPart & { readonly count: number },
  ): Target | null {
    if (bytes.length > MAX_BYTES) return null;
    const planes = header.components
      .slice(0, count)
      .map((component) => planeOf(header, component, { shape, place }));
    const kernel = this.#kernel;
    const file = this.#heap;
    const room = align(file + bytes.length + 64);
    const first = align(room + bytes.length - header.data + ROOM);
    const addresses: number[] = [];
    let end = first;
    for (const { stride, rows } of planes) {
      addresses.push(end);
      end = align(end + stride * rows);
    }
    const scratch = end;
    const needed = scratch + scratchBytes(planes, shape);
    if (needed > MAX_MEMORY || kernel.reserve(needed) === 0) return null;
    new Uint8Array(kernel.memory.buffer).set(bytes, file);
    if (!this.#prepare(header, { file, scratch, planes, addresses })) return null;
    const [{ h, v }] = header.components;
    const columns = Math.ceil(header.width / (BLOCK * h));
    const lines = Math.ceil(header.height / (BLOCK * v));
    const { length } = header.components;
    const data = file + header.data;
    const read = kernel.readScan(data, file + bytes.length, room, length, columns, lines, header.restart);
    return read === 0 ? null : { planes, addresses, shape, place, scratch };
  }

  #prepare({ components, tables }: JpegHeader, { file, scratch, planes, addresses }: Prepared): boolean {
    const kernel = this.#kernel;
    const known = new Set<number>();
    for (const table of tables) {
      if (kernel.makeTable(tablePlace(table), file + table.counts) === 0) return false;
      known.add(tablePlace(table));
    }
    const memory = new Uint8Array(kernel.memory.buffer);
    const steps = new Uint16Array(kernel.memory.buffer, scratch, BLOCK * BLOCK);
    return components.every(({ h, v, dc, ac, ...component }, place) => {
      const [dcPlace, acPlace] = [tablePlace({ kind: 'dc', id: dc }), tablePlace({ kind: 'ac', id: ac })];
      kernel.setComponent(place, h, v, dcPlace, acPlace);
      steps.set(memory.subarray(file + component.steps, file + component.steps + steps.length));
      if (place < planes.length) {
        const { side, x, y, stride } = planes[place];
        kernel.setSteps(place, side, scratch);
        kernel.setPlane(place, addresses[place], stride);
        kernel.setWanted(place, x.from, y.from, x.to, y.to);
      } else kernel.setWanted(place, 0, 0, 0, 0);
      return known.has(dcPlace) && known.has(acPlace);
    });
  }

  /** Resizes the planes. @returns the addresses of the results, whose rows are {@link strideOf} bytes apart */
  #resize({ planes, addresses, shape, place, scratch }: Target): number[] {
    const kernel = this.#kernel;
    const stride = strideOf(shape);
    const small = planes.map((_, index) => scratch + index * smallBytes(shape));
    const weights = scratch + planes.length * smallBytes(shape);
    planes.forEach(({ side, x, y, stride: from }, index) => {
      const width = (x.to - x.from) * side;
      const between = align(weights + weightBytes(Math.max(shape.height, stride), Math.max(x.taps, y.taps)));
      const { height } = shape;
      kernel.makeWeights(weights, height, place.top, y.ratio, y.length, y.from * side, y.taps);
      kernel.resizeColumns(addresses[index], from, width, weights, y.taps, height, between, from);
      kernel.makeWeights(
        weights,
        roundUp(shape.width, 4),
        place.left,
        x.ratio,
        x.length,
        x.from * side,
        x.taps,
      );
      kernel.resizeRows(between, from, height, weights, x.taps, shape.width, small[index], stride);
    });
    return small;
  }

  #colours({ shape, scratch }: Target, small: readonly number[]): Uint8Array {
    const kernel = this.#kernel;
    const grey = small.length === 1 ? 1 : 0;
    const [light, blue = light, red = light] = small;
    const { width, height } = shape;
    const to = scratch + small.length * smallBytes(shape);
    kernel.toColours(light, blue, red, strideOf(shape), width, height, grey, to);
    return new Uint8Array(kernel.memory.buffer.slice(to, to + width * height * 3));
  }

  #copyRows(from: number, stride: number, { width, height }: Size): Uint8Array<ArrayBuffer> {
    const memory = new Uint8Array(this.#kernel.memory.buffer);
    const pixels = new Uint8Array(width * height);
    for (let row = 0; row < height; row += 1) {
      const start = from + row * stride;
      pixels.set(memory.subarray(start, start + width), row * width);
    }
    return pixels;
  }
}

interface Prepared {
  readonly file: number;
  readonly scratch: number;
  readonly planes: readonly Plane[];
  readonly addresses: readonly number[];
}

/** Planes of an image that was read, and how they are resized. */
interface Target extends WantedPart {
  readonly planes: readonly Plane[];
  readonly addresses: readonly number[];
  /** Address of free memory. */
  readonly scratch: number;
}

/** Bytes between the rows of a resized plane, and bytes of the plane. */
const strideOf = ({ width }: Size): number => roundUp(width, BLOCK);
const smallBytes = (size: Size): number => align(strideOf(size) * size.height + BLOCK);

const tablePlace = ({ kind, id }: Pick<HuffmanTable, 'kind' | 'id'>): number => (kind === 'dc' ? id : 2 + id);

/**
 * One more entry than pixels, rounded up to a multiple of four, since rows are computed in groups of four.
 */
const weightBytes = (count: number, taps: number): number => (roundUp(count, 4) + 4) * (4 + 2 * taps);

function scratchBytes(planes: readonly Plane[], shape: Size): number {
  const { width, height } = shape;
  const stride = strideOf(shape);
  const taps = Math.max(...planes.flatMap(({ x, y }) => [x.taps, y.taps]));
  const widest = Math.max(...planes.map((plane) => plane.stride));
  const small = planes.length * smallBytes(shape);
  const resizing = weightBytes(Math.max(height, stride), taps) + 64 + widest * height;
  return small + Math.max(resizing, width * height * 3) + 256;
}

function planeOf(
  { width, height, components }: JpegHeader,
  { h, v }: JpegComponent,
  { shape, place }: WantedPart,
): Plane {
  const [{ h: mostH, v: mostV }] = components;
  const horizontal = width * (h / mostH);
  const vertical = height * (v / mostV);
  const side = sideOf(Math.min(horizontal / place.width, vertical / place.height));
  const scale = side / BLOCK;
  const x = axisOf(horizontal * scale, side, { whole: place.width, from: place.left, count: shape.width });
  const y = axisOf(vertical * scale, side, { whole: place.height, from: place.top, count: shape.height });
  // Pixels after the last one may be read with a weight of zero.
  const stride = roundUp((x.to - x.from) * side + x.taps, 16);
  return { side, x, y, stride, rows: (y.to - y.from) * side + y.taps };
}

/** The smallest block size that is not smaller than required. */
function sideOf(ratio: number): number {
  if (ratio >= 8) return 1;
  if (ratio >= 4) return 2;
  return ratio >= 2 ? 4 : BLOCK;
}

function axisOf(
  size: number,
  side: number,
  wanted: { readonly whole: number; readonly from: number; readonly count: number },
): Axis {
  const ratio = size / wanted.whole;
  const reach = Math.max(1, ratio);
  const length = Math.ceil(size);
  const first = Math.floor((wanted.from + 0.5) * ratio - reach + 0.5);
  const last = Math.floor((wanted.from + wanted.count - 0.5) * ratio + reach + 0.5);
  return {
    length,
    ratio,
    from: Math.floor(Math.max(0, first) / side),
    to: Math.ceil(Math.min(length, last) / side),
    taps: roundUp(2 * reach + 1, BLOCK),
  };
}
