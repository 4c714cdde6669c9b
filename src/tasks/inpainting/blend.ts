import { compositeImages } from '../../media/image-file.js';
import { COMPOSITE_MODES, type BlendMode } from './params.js';
import type { Mask } from '../../vision/image/mask.js';
import type { Image } from '../../vision/image/image.js';

/** The two RGB images to blend, and the region. */
export interface Blending {
  readonly original: Image;
  readonly fill: Image;
  /** The mask before growing: the original is unknown there. */
  readonly hole: Mask;
  /** Where the result may differ from the original. */
  readonly grown: Mask;
  /** Blend weight of the fill per pixel, 0 to 255; 0 outside the grown mask. */
  readonly weight: Image;
}

type CompositeName = (typeof COMPOSITE_MODES)[number];

function isComposite(mode: BlendMode): mode is CompositeName {
  return (COMPOSITE_MODES as readonly string[]).includes(mode);
}

/** Fills the hole of the original; outside the grown mask the result is bit-identical to the original. */
export async function blendFill(mode: BlendMode, blending: Blending): Promise<Image> {
  const { original, fill, grown, weight } = blending;
  if (mode === 'replace') return mix(original, fill, grown.data);
  if (mode === 'feather') return mix(original, fill, weight.data);
  if (isComposite(mode)) {
    return mix(original, await compositeImages(original, fill, mode), weight.data);
  }
  return mix(original, seamless(blending), grown.data);
}

/** Blends `top` over `base` with a weight of 0 to 255 per pixel. */
function mix({ data: base, ...size }: Image, { data: top }: Image, weight: Uint8Array): Image {
  const out = Uint8Array.from(base);
  for (let pixel = 0; pixel < weight.length; pixel += 1) {
    const share = weight[pixel];
    if (share === 0) continue;
    for (let at = 3 * pixel; at < 3 * pixel + 3; at += 1)
      out[at] = share === 255 ? top[at] : Math.round((base[at] * (255 - share) + top[at] * share) / 255);
  }
  return { ...size, data: out };
}

const SWEEPS = 200;
/** Over-relaxation factor. */
const OMEGA = 1.8;

/**
 * Adds the smoothest correction that makes the fill match its surroundings: solves the discrete Laplace equation over
 * the grown mask (Perez, Gangnet and Blake 2003, with the fill as guide). At the outer edge of the grown ring the
 * correction is the difference between original and fill; where the mask was not grown, it is the difference to the
 * nearest known pixel.
 */
function seamless({ original, fill, hole, grown }: Blending): Image {
  const { width, height } = original;
  const out = Uint8Array.from(fill.data);
  const inside = pixelsOf(grown.data);
  const correction = new Float32Array(width * height);
  for (let channel = 0; channel < 3; channel += 1) {
    const rim = rimCorrections({ original, fill, hole, grown }, inside, channel);
    for (const pixel of inside) correction[pixel] = rim.get(pixel) ?? 0;
    relax(correction, { width, height, inside, grown: grown.data, fixed: rim });
    for (const pixel of inside) {
      const at = 3 * pixel + channel;
      out[at] = Math.max(0, Math.min(255, Math.round(fill.data[at] + correction[pixel])));
    }
  }
  return { ...fill, data: out };
}

function pixelsOf(mask: Uint8Array): Uint32Array {
  const found: number[] = [];
  mask.forEach((value, pixel) => {
    if (value > 0) found.push(pixel);
  });
  return Uint32Array.from(found);
}

/** Indices of the 4-neighbours of a pixel that lie inside the image. */
function neighboursOf(pixel: number, width: number, height: number): number[] {
  const x = pixel % width;
  const y = (pixel - x) / width;
  return [
    ...(x > 0 ? [pixel - 1] : []),
    ...(x + 1 < width ? [pixel + 1] : []),
    ...(y > 0 ? [pixel - width] : []),
    ...(y + 1 < height ? [pixel + width] : []),
  ];
}

function rimCorrections(
  { original, fill, hole, grown }: Omit<Blending, 'weight'>,
  inside: Uint32Array,
  channel: number,
): Map<number, number> {
  const { width, height } = original;
  const rim = new Map<number, number>();
  for (const pixel of inside) {
    const outside = neighboursOf(pixel, width, height).filter((other) => grown.data[other] === 0);
    if (outside.length === 0) continue;
    const off = (known: number) => original.data[3 * known + channel] - fill.data[3 * pixel + channel];
    const known = hole.data[pixel] === 0 ? [pixel] : outside;
    rim.set(pixel, known.reduce((sum, other) => sum + off(other), 0) / known.length);
  }
  return rim;
}

function relax(
  correction: Float32Array,
  area: {
    readonly width: number;
    readonly height: number;
    readonly inside: Uint32Array;
    readonly grown: Uint8Array;
    readonly fixed: ReadonlyMap<number, number>;
  },
): void {
  const free = area.inside.filter((pixel) => !area.fixed.has(pixel));
  const neighbours = Array.from(free, (pixel) => neighboursOf(pixel, area.width, area.height));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    // Alternates the direction so that corrections spread evenly.
    for (let step = 0; step < free.length; step += 1) {
      const index = sweep % 2 === 0 ? step : free.length - 1 - step;
      const around = neighbours[index];
      let sum = 0;
      for (const other of around) sum += correction[other];
      const pixel = free[index];
      correction[pixel] += OMEGA * (sum / around.length - correction[pixel]);
    }
  }
}
