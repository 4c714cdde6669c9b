import path from 'node:path';
import { AppError } from '../../errors/app-error.js';
import { readMask, readImage, writeImage, type OpenImage } from '../../media/image-file.js';
import { blendFill } from './blend.js';
import { maskName, sourceName, type InpaintingItem } from './plan.js';
import { fillPixels, type FilledPixels } from './fill-pixels.js';
import type { ItemFile, ItemResult } from './item-result.js';
import type { ItemWork } from './item-work.js';
import { largeHoleReason, largeHoleWarning } from '../../domain/large-hole.js';
import { measureHole } from '../../vision/inpainting/hole-size.js';
import { countHoles } from '../../vision/image/mask.js';
import { writePreview } from './previews.js';
import { growWithin } from '../../vision/image/mask-growth.js';

/** MIME type and file ending of each output format. */
const FORMATS = {
  png: { type: 'image/png', format: 'png', ending: 'png' },
  jpg: { type: 'image/jpeg', format: 'jpeg', ending: 'jpg' },
  jpeg: { type: 'image/jpeg', format: 'jpeg', ending: 'jpeg' },
  webp: { type: 'image/webp', format: 'webp', ending: 'webp' },
} as const;

function formatOf({ params }: ItemWork) {
  const { outputFormat = 'png' } = params;
  return outputFormat in FORMATS ? FORMATS[outputFormat as keyof typeof FORMATS] : FORMATS.png;
}

/** Makes the filled part opaque, regardless of the original's alpha. */
function opaqueWhere(alpha: Uint8Array | null, grown: Uint8Array): Uint8Array | null {
  return alpha && alpha.map((value, pixel) => (grown[pixel] > 0 ? 255 : value));
}

async function write(
  work: ItemWork,
  item: InpaintingItem,
  out: { readonly image: OpenImage; readonly method: string; readonly variant: number },
): Promise<ItemFile> {
  const { type, format, ending } = formatOf(work);
  const suffix = out.variant === 1 ? '' : `_variant_${out.variant}`;
  const stem = work.stems.get(item.number) ?? `image_${item.number}`;
  const name = `${stem}${suffix}.${ending}`;
  await writeImage(path.join(work.folder, name), out.image, format);
  return { name, type, variant: out.variant, method: out.method };
}

const NO_HOLE = 'The mask has no hole: the image was copied and is not billed.';
const NOTHING_FOUND = 'The detector found nothing: the image is unchanged.';
const UNTOUCHED = { strategy: null, timings: {}, error: null, frames: 1, facts: {} } as const;

/**
 * Fills one image and writes the result.
 * @throws AppError MASK_ALL_HOLE when the mask covers the whole image
 */
export async function fillImage(work: ItemWork, item: InpaintingItem): Promise<ItemResult> {
  const { engine, params } = work;
  const maxPixels = item.source.width * item.source.height;
  const image = await readImage(engine.mediaPaths[sourceName(item)], maxPixels);
  const hole = work.masks
    ? await work.masks.ofImage(item, image)
    : await readMask(engine.mediaPaths[maskName(item)], maxPixels);
  if (countHoles(hole.data) === 0) return copyImage(work, item, image);
  const { grown, weight, warning } = growWithin(hole, params);
  const holeShare = countHoles(grown.data) / grown.data.length;
  if (holeShare === 1) throw allHole(item);
  const { alpha, ...original } = image;
  const reason = largeHoleReason(measureHole(grown));
  const filled = await fillPixels(work.filler, {
    large: reason !== null,
    image: original,
    mask: grown,
    strategy: params.strategy,
    quality: params.quality,
    variants: params.variants,
    seed: params.seed,
    signal: engine.signal,
    onProgress: work.onProgress,
  });
  const files: ItemFile[] = [];
  let answer: OpenImage = image;
  for (const [index, { method, image: fill }] of filled.images.entries()) {
    engine.signal.throwIfAborted();
    const blended = await blendFill(params.blendMode, { original, fill, hole, grown, weight });
    const out = { ...blended, alpha: opaqueWhere(alpha, grown.data) };
    if (index === 0) answer = out;
    files.push(await write(work, item, { image: out, method, variant: index + 1 }));
  }
  return {
    ...UNTOUCHED,
    item,
    status: 'filled',
    files,
    holeShare,
    strategy: filled.strategy,
    timings: filled.timings,
    warnings: [warning, ...filled.warnings, warningOf(reason, filled.images[0])].filter(isText),
    preview: await writePreview(work.folder, item, { before: image, after: answer, grown }),
  };
}

/** Copies an image without a hole to the result. */
async function copyImage(work: ItemWork, item: InpaintingItem, image: OpenImage): Promise<ItemResult> {
  const file = await write(work, item, { image, method: 'copy', variant: 1 });
  const preview = await writePreview(work.folder, item, { before: image, after: image });
  const warnings = [work.masks ? NOTHING_FOUND : NO_HOLE];
  return { ...UNTOUCHED, item, status: 'copied', files: [file], holeShare: 0, warnings, preview };
}

const isText = (text: string | null): text is string => text !== null;

function warningOf(reason: string | null, { method, learned = false }: FilledPixels['images'][number]) {
  return reason === null ? null : largeHoleWarning(reason, method, learned);
}

/** Error for a mask that covers the whole image. */
export function allHole({ name }: Pick<InpaintingItem, 'name'>): AppError {
  return new AppError('MASK_ALL_HOLE', { message: `The mask of "${name}" leaves nothing known of it.` });
}
