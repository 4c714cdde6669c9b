import type { ImageShape } from '../../domain/preprocessing.js';
import type { HuffmanTable, JpegComponent, JpegHeader } from './jpeg-header.js';
import { JPEG_KERNEL } from './jpeg-kernel.js';

/** A part of a resized image: all of it is `width` x `height`, wanted is what {@link ImageShape} says, from here on. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/** Functions of kernels/jpeg. */
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

/** One direction of a component's plane. */
interface Axis {
  /** Pixels that the whole image has here. */
  readonly length: number;
  /** Source pixels to one of the resized image. */
  readonly ratio: number;
  /** Blocks that are needed: from, and before. */
  readonly from: number;
  readonly to: number;
  /** Weights of one resized pixel. */
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
/** Larger files take their time, which is not to be taken from others: they are decoded on threads. */
const MOST_BYTES = 2 ** 20;
const MOST_MEMORY = 16 * 2 ** 20;
/** Data may be read so far beyond its end. */
const ROOM = 4096 + 64;

const align = (address: number): number => (address + 63) & ~63;
const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/**
 * Decodes baseline JPEGs into small images: only the blocks that are needed are made, each as small as it may be, and
 * they are resized before they become colours. In WebAssembly, so that no file can reach beyond the decoder's own memory.
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
   * Pixels of the part of a resized image, R, G, B row by row; resized by a triangle (bilinear, anti-aliased).
   * @param header of these bytes
   * @returns null for what is damaged, too large, or of another kind than it seemed
   */
  decode(
    bytes: Uint8Array,
    header: JpegHeader,
    { shape, place }: { readonly shape: Pick<ImageShape, 'width' | 'height'>; readonly place: Placement },
  ): Uint8Array | null {
    if (bytes.length > MOST_BYTES) return null;
    const planes = header.components.map((component) => planeOf(header, component, { shape, place }));
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
    if (needed > MOST_MEMORY || kernel.reserve(needed) === 0) return null;
    new Uint8Array(kernel.memory.buffer).set(bytes, file);
    if (!this.#prepare(header, { file, scratch, planes, addresses })) return null;
    const [{ h, v }] = header.components;
    const columns = Math.ceil(header.width / (BLOCK * h));
    const lines = Math.ceil(header.height / (BLOCK * v));
    const { length } = header.components;
    const data = file + header.data;
    const read = kernel.readScan(data, file + bytes.length, room, length, columns, lines, header.restart);
    return read === 0 ? null : this.#resize(planes, addresses, { shape, place, scratch });
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
      const { side, x, y, stride } = planes[place];
      const [dcPlace, acPlace] = [tablePlace({ kind: 'dc', id: dc }), tablePlace({ kind: 'ac', id: ac })];
      kernel.setComponent(place, h, v, dcPlace, acPlace);
      steps.set(memory.subarray(file + component.steps, file + component.steps + steps.length));
      kernel.setSteps(place, side, scratch);
      kernel.setPlane(place, addresses[place], stride);
      kernel.setWanted(place, x.from, y.from, x.to, y.to);
      return known.has(dcPlace) && known.has(acPlace);
    });
  }

  #resize(planes: readonly Plane[], addresses: readonly number[], target: Target): Uint8Array {
    const { shape, place } = target;
    const kernel = this.#kernel;
    const stride = roundUp(shape.width, BLOCK);
    const small = planes.map((_, index) => target.scratch + index * align(stride * shape.height + BLOCK));
    const weights = target.scratch + planes.length * align(stride * shape.height + BLOCK);
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
    const grey = planes.length === 1 ? 1 : 0;
    const [light, blue = light, red = light] = small;
    const { width, height } = shape;
    kernel.toColours(light, blue, red, stride, width, height, grey, weights);
    return new Uint8Array(kernel.memory.buffer.slice(weights, weights + width * height * 3));
  }
}

interface Prepared {
  readonly file: number;
  readonly scratch: number;
  readonly planes: readonly Plane[];
  readonly addresses: readonly number[];
}

interface Target {
  readonly shape: Pick<ImageShape, 'width' | 'height'>;
  readonly place: Placement;
  readonly scratch: number;
}

const tablePlace = ({ kind, id }: Pick<HuffmanTable, 'kind' | 'id'>): number => (kind === 'dc' ? id : 2 + id);

/** One more entry than pixels, up to the next four, since rows are computed in fours. */
const weightBytes = (count: number, taps: number): number => (roundUp(count, 4) + 4) * (4 + 2 * taps);

function scratchBytes(
  planes: readonly Plane[],
  { width, height }: Pick<ImageShape, 'width' | 'height'>,
): number {
  const stride = roundUp(width, BLOCK);
  const taps = Math.max(...planes.flatMap(({ x, y }) => [x.taps, y.taps]));
  const widest = Math.max(...planes.map((plane) => plane.stride));
  const small = planes.length * align(stride * height + BLOCK);
  const resizing = weightBytes(Math.max(height, stride), taps) + 64 + widest * height;
  return small + Math.max(resizing, width * height * 3) + 256;
}

function planeOf(
  { width, height, components }: JpegHeader,
  { h, v }: JpegComponent,
  { shape, place }: Omit<Target, 'scratch'>,
): Plane {
  const [{ h: mostH, v: mostV }] = components;
  const horizontal = width * (h / mostH);
  const vertical = height * (v / mostV);
  const side = sideOf(Math.min(horizontal / place.width, vertical / place.height));
  const scale = side / BLOCK;
  const x = axisOf(horizontal * scale, side, { whole: place.width, from: place.left, count: shape.width });
  const y = axisOf(vertical * scale, side, { whole: place.height, from: place.top, count: shape.height });
  // Weights may be taken, as zeros, of pixels beyond the last one.
  const stride = roundUp((x.to - x.from) * side + x.taps, 16);
  return { side, x, y, stride, rows: (y.to - y.from) * side + y.taps };
}

/** The smallest block that is not smaller than what is wanted. */
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
