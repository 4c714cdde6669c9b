import { separateBoxes } from '../../vision/inpainting/hole-boxes.js';
import { holeDepth } from '../../vision/inpainting/hole-distance.js';
import { paddedSize, runPadded, type ImageNetwork } from './padded-run.js';
import { toBytes, type Size, type Image } from '../../vision/image/image.js';
import { enlarge, reduceWithHole, toFloats } from '../../vision/image/resample.js';
import { growBox, growToSize, type Box } from '../../vision/image/box.js';
import { clearBox, boundsOf, type Mask } from '../../vision/image/mask.js';
import { cutImage, cutMask, pasteHole } from '../../vision/image/cut-and-paste.js';

/** Side of the tiles into which large images are split, and the margin of surroundings that each includes. */
const TILE = 512;
const MARGIN = 64;
/** Deeper holes are filled on a reduced copy, because a tile would not see known pixels on both sides. */
const DEEPEST = MARGIN;

/** Margin on each side, as a share of the window, for networks that get a hole as a whole. */
const WHOLE_MARGIN = 0.25;

/** How {@link networkFill} presents an image to a network. */
export interface FillView {
  /**
   * Whether each part of a hole is presented as a whole, reduced if necessary, never in tiles; for networks
   * that can fill large holes.
   */
  readonly whole?: boolean;
}

/** Called between tiles with the finished share, 0 to 1; may throw to cancel. */
export type Pace = (done: number) => Promise<void>;

/** Window and margin of one run. */
interface View {
  readonly window: Size;
  /** Width of the surroundings on each side of a hole. */
  readonly margin: number;
  readonly whole: boolean;
}

/** An image being filled, and its remaining hole. Both change as tiles are filled. */
interface Canvas {
  readonly image: Image;
  readonly left: Mask;
}

/**
 * Fills a hole of any shape with a network. Parts of the hole with disjoint surroundings are filled
 * separately. A part that is too large for the network is filled in tiles, or on a reduced copy if it is too
 * deep for tiles. Later tiles see the content of earlier ones, so that they match.
 */
export async function networkFill(
  network: ImageNetwork,
  { image, hole, whole = false }: { image: Image; hole: Mask } & FillView,
  pace: Pace,
): Promise<Image> {
  const canvas = copyOf(image, hole);
  const view = viewOf(network.size, whole);
  const parts = separateBoxes(hole, 2 * view.margin);
  for (const [index, part] of parts.entries())
    await fillPart(network, { canvas, part, view }, (done) => pace((index + done) / parts.length));
  await pace(1);
  return canvas.image;
}

// Not slice(), because for a Buffer it does not copy.
const copyOf = (image: Image, hole: Mask): Canvas => ({
  image: { ...image, data: new Uint8Array(image.data) },
  left: { ...hole, data: new Uint8Array(hole.data) },
});

async function fillPart(
  network: ImageNetwork,
  { canvas, part, view }: { canvas: Canvas; part: Box; view: View },
  pace: Pace,
): Promise<void> {
  const fits = fitsWindow(part, view, canvas.image);
  const scale = fits ? 1 : Math.min(1, view.whole ? wholeScale(part, view) : depthScale(part, view, canvas));
  if (scale === 1) return fillTiles(network, { canvas, tiles: tilesOf(part, view, canvas), view }, pace);
  const box = growBox(part, Math.ceil(view.margin / scale), canvas.image);
  const small = {
    width: Math.max(1, Math.round(box.width * scale)),
    height: Math.max(1, Math.round(box.height * scale)),
  };
  const reduced = reduceWithHole(cutImage(canvas.image, box), cutMask(canvas.left, box), small);
  const copy = copyOf(reduced.image, reduced.hole);
  // A thin scratch may vanish in the reduced copy; the reduced pixels then come from the known pixels around
  // it.
  const around = boundsOf(reduced.hole);
  if (around !== null)
    await fillTiles(network, { canvas: copy, tiles: tilesOf(around, view, copy), view }, pace);
  const enlarged = toBytes(enlarge(toFloats(copy.image), box));
  const offset = { ...part, left: part.left - box.left, top: part.top - box.top };
  pasteTile(canvas, cutImage(enlarged, offset), part);
}

/**
 * Half the width of a part at its widest place. The box is extended by one pixel, so that the hole ends
 * inside of it.
 */
const depthOf = (part: Box, { left }: Canvas): number => holeDepth(cutMask(left, growBox(part, 1, left)));

/** Scale at which a tile sees across the part. */
function depthScale(part: Box, { window, margin }: View, canvas: Canvas): number {
  const deepest = (DEEPEST * Math.min(window.width, window.height)) / (TILE + 2 * margin);
  return deepest / depthOf(part, canvas);
}

/** Scale at which the part with its margin just fits the window; two pixels are reserved for rounding. */
function wholeScale(part: Box, { window, margin }: View): number {
  const room = (side: number): number => side - 2 * margin - 2;
  return Math.min(room(window.width) / part.width, room(window.height) / part.height);
}

function viewOf(size: ImageNetwork['size'], whole: boolean): View {
  const window = windowOf(size, whole);
  const margin = whole ? Math.floor(WHOLE_MARGIN * Math.min(window.width, window.height)) : MARGIN;
  return { window, margin, whole };
}

/** The largest window for a network. */
function windowOf(size: ImageNetwork['size'], whole: boolean): Size {
  if (size.kind === 'fixed') return { width: size.width, height: size.height };
  const side = Math.floor((whole ? size.max : Math.min(size.max, TILE + 2 * MARGIN)) / size.of) * size.of;
  return { width: side, height: side };
}

/** Whether a part with its margin, clipped at the image's border, fits into one window. */
function fitsWindow(part: Box, { window, margin }: View, image: Size): boolean {
  const whole = growBox(part, margin, image);
  return whole.width <= window.width && whole.height <= window.height;
}

/** Boxes that together cover the hole pixels of a part, each small enough to fit a window with its margin. */
function tilesOf(part: Box, view: View, { left: hole }: Canvas): readonly Box[] {
  if (fitsWindow(part, view, hole)) return [part];
  const stepX = Math.max(8, view.window.width - 2 * view.margin);
  const stepY = Math.max(8, view.window.height - 2 * view.margin);
  const tiles: Box[] = [];
  for (let top = part.top; top < part.top + part.height; top += stepY) {
    for (let left = part.left; left < part.left + part.width; left += stepX) {
      const width = Math.min(stepX, part.left + part.width - left);
      const height = Math.min(stepY, part.top + part.height - top);
      const inside = cutMask(hole, { left, top, width, height });
      const around = boundsOf(inside);
      if (around === null) continue;
      tiles.push({ ...around, left: left + around.left, top: top + around.top });
    }
  }
  return tiles;
}

async function fillTiles(
  network: ImageNetwork,
  { canvas, tiles, view }: { canvas: Canvas; tiles: readonly Box[]; view: View },
  pace: Pace,
): Promise<void> {
  for (const [index, tile] of tiles.entries()) {
    await pace(index / tiles.length);
    const seen = growBox(tile, view.margin, canvas.image);
    // Real surroundings are better than padding by repeated border pixels.
    const box = growToSize(seen, paddedSize(network.size, seen), canvas.image);
    if (box.width === canvas.image.width && box.height === canvas.image.height) {
      await runPadded(network, canvas.image, canvas.left);
      clearBox(canvas.left, tile);
      continue;
    }
    const piece = cutImage(canvas.image, box);
    await runPadded(network, piece, cutMask(canvas.left, box));
    const offset = { ...tile, left: tile.left - box.left, top: tile.top - box.top };
    pasteTile(canvas, cutImage(piece, offset), tile);
  }
}

/** Copies the filled pixels of a tile and removes them from the remaining hole. */
function pasteTile({ image, left }: Canvas, filled: Image, tile: Box): void {
  pasteHole(image, filled, cutMask(left, tile), tile);
  clearBox(left, tile);
}
