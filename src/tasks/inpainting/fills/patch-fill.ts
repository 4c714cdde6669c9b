import { findHoleParts, maskOf, type HolePart } from '../../../vision/inpainting/hole-parts.js';
import type { Pace } from '../../../networks/inpainting/network-fill.js';
import { toBytes, type Image } from '../../../vision/image/image.js';
import {
  enlarge,
  reduceImage,
  reduceWithHole,
  sizeWithin,
  toFloats,
} from '../../../vision/image/resample.js';
import { continueEdges } from '../../../vision/inpainting/structure/edge-continuation.js';
import { completePatches, type Completion } from '../../../vision/inpainting/patch/complete.js';
import type { CompletionInput } from '../../../vision/inpainting/patch/pyramid.js';
import type { PatchSettings } from '../../../vision/inpainting/patch/settings.js';
import { growBox, groupByBox } from '../../../vision/image/box.js';
import { countHoles, type Mask } from '../../../vision/image/mask.js';
import { cutImage, cutMask, pasteHole } from '../../../vision/image/cut-and-paste.js';

/** Margin around a hole from which patches are copied: at least this many pixels, or the hole's own size. */
const MIN_MARGIN = 160;
/** Larger crops are completed on a copy with this long side; fine detail is transferred afterwards. */
export const MAX_SIDE = 768;

/** Result of {@link patchFill}. */
export interface PatchFillResult {
  readonly image: Image;
  /** Mean squared difference of the chosen patches; `null` when nothing could be copied. */
  readonly meanCost: number | null;
  /** Number of parts without a known patch around them; they were filled from the guide. */
  readonly uncopied: number;
}

/**
 * Fills a hole by copying patches of its surroundings, with one crop per group of neighbouring parts. Where nothing can
 * be copied, the guide is used. Known pixels are unchanged.
 */
export async function patchFill(
  { image, hole, guide }: CompletionInput,
  settings: Partial<PatchSettings>,
  pace: Pace,
): Promise<PatchFillResult> {
  const result = { ...image, data: image.data.slice() };
  const groups = groupByBox(findHoleParts(hole), (part) => growBox(part.box, marginOf(part), image));
  const total = countHoles(hole.data);
  let done = 0;
  let uncopied = 0;
  let costSum = 0;
  for (const { box, items } of groups) {
    const cut = {
      image: cutImage(image, box),
      hole: cutMask(hole, box),
      guide: cutImage(guide, box),
    };
    const crop = { ...cut, guide: continueEdges(cut) };
    const size = items.reduce((sum, { pixels }) => sum + pixels.length, 0);
    const filled = await completeCrop(crop, settings, (part) => pace((done + part * size) / total));
    if (filled === null) uncopied += items.length;
    else costSum += filled.meanCost * size;
    pasteHole(result, filled?.image ?? crop.guide, cutMask(maskOf(items, hole), box), box);
    done += size;
  }
  return { image: result, uncopied, meanCost: uncopied < groups.length ? costSum / total : null };
}

const marginOf = ({ box }: HolePart): number => Math.max(MIN_MARGIN, box.width, box.height);

async function completeCrop(
  crop: CompletionInput,
  settings: Partial<PatchSettings>,
  pace: Pace,
): Promise<{ image: Image; meanCost: number } | null> {
  const size = sizeWithin(crop.image, MAX_SIDE);
  if (size.width === crop.image.width && size.height === crop.image.height) {
    const completion = await completePatches(crop, { settings, pace });
    if (completion === null) return null;
    return { image: toBytes(completion.image), meanCost: completion.meanCost };
  }
  const reduced = reduceWithHole(crop.image, crop.hole, size);
  const guide = reduceImage(crop.guide, size);
  const completion = await completePatches({ ...reduced, guide }, { settings, pace });
  if (completion === null) return null;
  const image = carryDetail(crop, reduced.hole, completion);
  return { image, meanCost: completion.meanCost };
}

/**
 * Transfers a completion of a reduced copy to full size: its enlarged colours plus, for every pixel, the fine detail
 * (full size minus enlarged copy) of the location that its reduced pixel was copied from.
 */
function carryDetail(
  { image, hole }: CompletionInput,
  reducedHole: Mask,
  { image: small, shifts }: Completion,
): Image {
  const { width, height } = image;
  const { data: colours } = toBytes(enlarge(toFloats(toBytes(small)), image));
  const data = new Uint8ClampedArray(image.data);
  const shiftAt = new Int32Array(reducedHole.data.length);
  for (let i = 0, index = 0; i < shiftAt.length; i++) {
    if (reducedHole.data[i] > 0) shiftAt[i] = shifts[index++];
  }
  const scaleX = width / small.width;
  const scaleY = height / small.height;
  for (let y = 0, pixel = 0; y < height; y++) {
    const row = Math.min(small.height - 1, Math.floor(y / scaleY));
    for (let x = 0; x < width; x++, pixel++) {
      if (hole.data[pixel] === 0) continue;
      const at = row * small.width + Math.min(small.width - 1, Math.floor(x / scaleX));
      const copied = at + shiftAt[at];
      const fromX = x + Math.round(((copied % small.width) - (at % small.width)) * scaleX);
      const fromY = y + Math.round((Math.floor(copied / small.width) - row) * scaleY);
      const inside = fromX >= 0 && fromY >= 0 && fromX < width && fromY < height;
      const from = inside ? fromY * width + fromX : pixel;
      const usable = hole.data[from] === 0;
      for (let c = 0; c < 3; c++) {
        const detail = usable ? image.data[from * 3 + c] - colours[from * 3 + c] : 0;
        data[pixel * 3 + c] = colours[pixel * 3 + c] + detail;
      }
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}
