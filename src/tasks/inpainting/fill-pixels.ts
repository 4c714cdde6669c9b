import { resizeImage } from '../../media/image-codec.js';
import type { FilledImage, Filler, FillRequest } from './filler.js';
import { clearBox, HOLE, type Mask, countHoles } from '../../vision/image/mask.js';
import type { InpaintingParams } from './params.js';
import type { Box } from '../../vision/image/box.js';
import { holeBoxes } from '../../vision/inpainting/hole-boxes.js';
import { pasteHole, cutMask, cutImage } from '../../vision/image/cut-and-paste.js';
import { sizeWithin } from '../../vision/image/resample.js';

/** A request to fill one image. */
export interface PixelFill extends FillRequest {
  readonly strategy: InpaintingParams['strategy'];
}

/** A filled image and how it was filled. */
export interface FilledPixels {
  /** The first is the result, others are variants. */
  readonly images: readonly FilledImage[];
  readonly strategy: Exclude<InpaintingParams['strategy'], 'auto'>;
  readonly timings: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** Images up to this many pixels are filled as a whole by default. */
const WHOLE_PIXELS = 1_500_000;
/** Minimum margin of a crop in pixels. */
const MARGIN = 64;
/** Margin for large holes, as a share of the image's short side. */
const LARGE_HOLE_MARGIN = 0.25;
/** Long side of the reduced copy. */
const REDUCED_SIDE = 1024;
const TILE = 1024;
const TILE_OVERLAP = 128;
/** Minimum share of known pixels for a tile to be filled on its own. */
const MIN_KNOWN_SHARE = 0.1;

/** Fills the hole of an image: as a whole, in crops, on a reduced copy, or in tiles. */
export async function fillPixels(filler: Filler, work: PixelFill): Promise<FilledPixels> {
  const strategy = work.strategy === 'auto' ? chooseStrategy(work) : work.strategy;
  const fill = { original: fillWhole, crop: fillCrops, resize: fillReduced, tile: fillTiles }[strategy];
  const result = await fill(filler, work);
  return { ...result, strategy };
}

type Part = Omit<FilledPixels, 'strategy'>;

function chooseStrategy({ image }: PixelFill): 'original' | 'crop' {
  return image.width * image.height <= WHOLE_PIXELS ? 'original' : 'crop';
}

const fillWhole = (filler: Filler, work: PixelFill): Promise<Part> => filler.fill(work);

/** Accumulates timings and warnings of the parts of an image. */
class Report {
  readonly timings: Record<string, number> = {};
  readonly warnings = new Set<string>();

  add(part: Pick<Part, 'timings' | 'warnings'>): void {
    for (const [stage, time] of Object.entries(part.timings))
      this.timings[stage] = (this.timings[stage] ?? 0) + time;
    part.warnings.forEach((warning) => this.warnings.add(warning));
  }
}

/** Fills boxes one after another; pixels filled by one box are known to the next where they overlap. */
async function fillBoxes(filler: Filler, work: PixelFill, boxes: readonly Box[]): Promise<Part> {
  const { image, mask, variants } = work;
  const report = new Report();
  const copies = Array.from({ length: variants }, () => ({
    ...image,
    data: Uint8Array.from(image.data),
  }));
  const methods: Set<string>[] = copies.map(() => new Set());
  const learned = copies.map(() => false);
  // Holes that are still open; filled boxes count as known for the following ones.
  const open = { ...mask, data: Uint8Array.from(mask.data) };
  const area = boxes.reduce((sum, { width, height }) => sum + width * height, 0);
  let before = 0;
  for (const box of boxes) {
    const share = (box.width * box.height) / area;
    const part = cutMask(open, box);
    if (countHoles(part.data) === 0) continue;
    const filled = await fillWhole(filler, {
      ...work,
      image: cutImage(copies[0], box),
      mask: part,
      onProgress: (done) => work.onProgress(before + share * done),
    });
    before += share;
    clearBox(open, box);
    report.add(filled);
    copies.forEach((copy, index) => {
      const chosen = filled.images[index] ?? filled.images[0];
      methods[index].add(chosen.method);
      learned[index] ||= chosen.learned === true;
      pasteHole(copy, chosen.image, part, box);
    });
  }
  const images = copies.map((image, index) => {
    const method = [...methods[index]].join('+');
    return { method, image, learned: learned[index] };
  });
  return { images, timings: report.timings, warnings: [...report.warnings] };
}

/** A network for large holes needs more context than the edge of the hole. */
const marginOf = ({ large = false, image: { width, height } }: PixelFill): number =>
  large ? Math.max(MARGIN, Math.round(LARGE_HOLE_MARGIN * Math.min(width, height))) : MARGIN;

async function fillCrops(filler: Filler, work: PixelFill): Promise<Part> {
  return fillBoxes(filler, work, holeBoxes(work.mask, marginOf(work)));
}

/** Fills a copy with a long side of at most {@link REDUCED_SIDE} pixels, and pastes the enlarged fill into the hole. */
async function fillReduced(filler: Filler, work: PixelFill): Promise<Part> {
  const { image, mask } = work;
  const { width, height } = sizeWithin(image, REDUCED_SIDE);
  if (width === image.width && height === image.height) return fillWhole(filler, work);
  // A reduced pixel that covers any hole pixel is a hole, so that no colours of the hole leak into known pixels.
  const resizedMask = await resizeImage(mask, { width, height });
  const smallMask = { width, height, data: resizedMask.data.map((value) => (value > 0 ? HOLE : 0)) };
  const small = await resizeImage(image, { width, height });
  const filled = await fillWhole(filler, {
    ...work,
    image: small,
    mask: smallMask,
  });
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  const images = await Promise.all(
    filled.images.map(async ({ image: part, ...how }) => {
      const large = await resizeImage(part, image);
      const target = { ...image, data: Uint8Array.from(image.data) };
      pasteHole(target, large, mask, whole);
      return { ...how, image: target };
    }),
  );
  return { ...filled, images };
}

/** Fills overlapping tiles over the holes; tiles that are almost entirely hole take the fill of the reduced copy. */
async function fillTiles(filler: Filler, work: PixelFill): Promise<Part> {
  const { mask } = work;
  const { usable, mostlyHole } = tilesOf(mask);
  if (mostlyHole.length === 0) return fillBoxes(filler, { ...work, variants: 1 }, usable);
  const base = await fillReduced(filler, { ...work, variants: 1 });
  const rest = { ...mask, data: Uint8Array.from(mask.data) };
  mostlyHole.forEach((box) => clearBox(rest, box));
  const known = base.images[0].image;
  const filled = await fillBoxes(filler, { ...work, variants: 1, image: known, mask: rest }, usable);
  return { ...filled, warnings: [...base.warnings, ...filled.warnings] };
}

function tilesOf(mask: Mask): { usable: Box[]; mostlyHole: Box[] } {
  const usable: Box[] = [];
  const mostlyHole: Box[] = [];
  const step = TILE - TILE_OVERLAP;
  for (let top = 0; top === 0 || top + TILE_OVERLAP < mask.height; top += step) {
    for (let left = 0; left === 0 || left + TILE_OVERLAP < mask.width; left += step) {
      const width = Math.min(TILE, mask.width - left);
      const box = { left, top, width, height: Math.min(TILE, mask.height - top) };
      const part = cutMask(mask, box).data;
      const holes = countHoles(part);
      if (holes === 0) continue;
      (holes > (1 - MIN_KNOWN_SHARE) * part.length ? mostlyHole : usable).push(box);
    }
  }
  return { usable, mostlyHole };
}
