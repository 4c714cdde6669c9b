import type { InpaintingNetwork } from '../networks/inpainting/inpainting-network.js';
import { growBox, type Size } from './boxes.js';
import { holeDepth } from './hole-distance.js';
import {
  cutMask,
  cutPicture,
  pasteHole,
  toBytes,
  type HoleMask,
  type PixelBox,
  type RgbPicture,
} from './picture.js';
import { enlarge, reducePicture, reduceWithHole, toFloats } from './resample.js';

/** Side of the tiles into which large pictures are cut, and how much of the surroundings each sees. */
const TILE = 512;
const MARGIN = 64;
/** Deeper holes are filled on a reduced copy: a tile would not see across them. */
const DEEPEST = MARGIN;

/** Called between tiles with the part that is done, 0 to 1; may throw to cancel. */
export type Pace = (done: number) => Promise<void>;

/**
 * Fills a hole of any shape by a network: on a reduced copy where the hole is too deep for it, in tiles where the
 * picture is large. Later tiles see what earlier ones have filled, so that they fit together.
 */
export async function networkFill(
  network: InpaintingNetwork,
  { picture, hole }: { picture: RgbPicture; hole: HoleMask },
  pace: Pace,
): Promise<RgbPicture> {
  const { size } = network;
  const window = size.kind === 'fixed' ? { width: size.width, height: size.height } : tileWindow(size);
  const deepest = (DEEPEST * Math.min(window.width, window.height)) / (TILE + 2 * MARGIN);
  const scale = fitsWindow(hole, window) ? 1 : Math.min(1, deepest / holeDepth(hole));
  if (scale === 1) return fillTiles(network, { picture, hole, window }, pace);
  const small = {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
  const reduced = reduceWithHole(picture, hole, small);
  const filled = await fillTiles(network, { ...reduced, window }, pace);
  const result = { ...picture, data: picture.data.slice() };
  const enlarged = { ...picture, data: toBytes(enlarge(toFloats(filled), picture)) };
  pasteHole(result, enlarged, hole, { left: 0, top: 0, width: picture.width, height: picture.height });
  return result;
}

/** The largest window that a network of free size is given. */
function tileWindow({ of, max }: { of: number; max: number }): Size {
  const side = Math.floor(Math.min(max, TILE + 2 * MARGIN) / of) * of;
  return { width: side, height: side };
}

interface Tiling {
  readonly picture: RgbPicture;
  readonly hole: HoleMask;
  readonly window: Size;
}

async function fillTiles(network: InpaintingNetwork, tiling: Tiling, pace: Pace): Promise<RgbPicture> {
  const { picture, window } = tiling;
  const result = { ...picture, data: picture.data.slice() };
  const left = { ...tiling.hole, data: tiling.hole.data.slice() };
  const cores = tilesWithHole(left, window);
  for (const [index, core] of cores.entries()) {
    await pace(index / cores.length);
    const box = growBox(core, MARGIN, picture);
    const hole = cutMask(left, box);
    const filled = await runPadded(network, cutPicture(result, box), hole);
    const inCore = onlyInside(hole, { ...core, left: core.left - box.left, top: core.top - box.top });
    pasteHole(result, filled, inCore, box);
    clear(left, inCore, box);
  }
  await pace(1);
  return result;
}

/** Boxes that together cover the hole, each small enough to fit a window with its margin. */
function tilesWithHole(hole: HoleMask, window: Size): PixelBox[] {
  const step = {
    width: Math.max(8, window.width - 2 * MARGIN),
    height: Math.max(8, window.height - 2 * MARGIN),
  };
  const around = boxOfHole(hole);
  if (fitsWindow(hole, window)) return [around];
  const boxes: PixelBox[] = [];
  for (let top = around.top; top < around.top + around.height; top += step.height) {
    for (let left = around.left; left < around.left + around.width; left += step.width) {
      const box = {
        left,
        top,
        width: Math.min(step.width, around.left + around.width - left),
        height: Math.min(step.height, around.top + around.height - top),
      };
      if (cutMask(hole, box).data.includes(1)) boxes.push(box);
    }
  }
  return boxes;
}

/** Whether the whole hole with its margin, cut off at the picture's border, fits into one window. */
function fitsWindow(hole: HoleMask, window: Size): boolean {
  const whole = growBox(boxOfHole(hole), MARGIN, hole);
  return whole.width <= window.width && whole.height <= window.height;
}

function boxOfHole({ width, height, data }: HoleMask): PixelBox {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const x = i % width;
    const y = (i / width) | 0;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function onlyInside(hole: HoleMask, box: PixelBox): HoleMask {
  const data = new Uint8Array(hole.data.length);
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = y * hole.width + box.left;
    data.set(hole.data.subarray(start, start + box.width), start);
  }
  return { ...hole, data };
}

function clear(left: HoleMask, filled: HoleMask, box: PixelBox): void {
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      if (filled.data[y * box.width + x] === 1) left.data[(box.top + y) * left.width + box.left + x] = 0;
    }
  }
}

/** Runs a network on a picture of any size that fits it: padded by repeating the border, or reduced for a fixed size. */
async function runPadded(
  network: InpaintingNetwork,
  picture: RgbPicture,
  hole: HoleMask,
): Promise<RgbPicture> {
  const target = paddedSize(network.size, picture);
  if (target.width < picture.width || target.height < picture.height)
    return runReduced(network, picture, hole);
  const padded = padPicture(picture, target);
  const marked = padMask(hole, target);
  const filled = await network.run(padded, marked);
  return cutPicture(filled, { left: 0, top: 0, width: picture.width, height: picture.height });
}

async function runReduced(
  network: InpaintingNetwork,
  picture: RgbPicture,
  hole: HoleMask,
): Promise<RgbPicture> {
  const limit = paddedSize(network.size, picture);
  const scale = Math.min(limit.width / picture.width, limit.height / picture.height);
  const small = {
    width: Math.max(1, Math.floor(picture.width * scale)),
    height: Math.max(1, Math.floor(picture.height * scale)),
  };
  const reduced = reduceWithHole(picture, hole, small);
  // Colours of the hole are unknown; what the network sees there must still be a picture.
  const seen = reduced.hole.data.includes(1)
    ? reduced
    : { ...reduced, picture: reducePicture(picture, small) };
  const filled = await runPadded(network, seen.picture, seen.hole);
  const data = toBytes(enlarge(toFloats(filled), picture));
  return { ...picture, data };
}

function paddedSize(size: InpaintingNetwork['size'], { width, height }: Size): Size {
  if (size.kind === 'fixed') return { width: size.width, height: size.height };
  const fit = (side: number): number => Math.max(size.min, Math.ceil(side / size.of) * size.of);
  return { width: fit(width), height: fit(height) };
}

function padPicture(picture: RgbPicture, { width, height }: Size): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.min(y, picture.height - 1) * picture.width;
    for (let x = 0; x < width; x++, to += 3) {
      const from = (row + Math.min(x, picture.width - 1)) * 3;
      data[to] = picture.data[from];
      data[to + 1] = picture.data[from + 1];
      data[to + 2] = picture.data[from + 2];
    }
  }
  return { width, height, data };
}

/** Padding repeats the border's pixels, so where those are hole, it is hole too. */
function padMask(hole: HoleMask, { width, height }: Size): HoleMask {
  const data = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.min(y, hole.height - 1) * hole.width;
    for (let x = 0; x < width; x++, to++) data[to] = hole.data[row + Math.min(x, hole.width - 1)];
  }
  return { width, height, data };
}
