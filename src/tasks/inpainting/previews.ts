import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { resizeImage, composeImage, encodeImage, type ImageLayer } from '../../media/image-codec.js';
import { decodePreview } from '../../media/image-file.js';
import { formatPercent } from '../../domain/percent.js';
import { makeFolder } from '../../storage/folders.js';
import type { InpaintingItem } from './plan.js';
import type { ItemResult } from './item-result.js';
import type { Mask } from '../../vision/image/mask.js';
import type { Image, Size } from '../../vision/image/image.js';
import { sizeWithin } from '../../vision/image/resample.js';

/** Long side of an image on the contact sheet. */
const SIDE = 360;
const GAP = 12;
const CAPTION = 26;
/** Maximum rows; a larger sheet is hard to open in image viewers. */
const MAX_ROWS = 40;
const SHEET = 'before_after.jpg';
const FOLDER = 'previews';

/** Before and after of one item. */
export interface PreviewPair {
  readonly before: Image;
  readonly after: Image;
  /** Shown in red on the image before. */
  readonly grown?: Mask;
}

/** Marks the hole of the original in red. */
function marked({ before, grown }: PreviewPair): Uint8Array {
  if (!grown) return before.data;
  const out = Uint8Array.from(before.data);
  for (let pixel = 0; pixel < grown.data.length; pixel += 1) {
    if (grown.data[pixel] === 0) continue;
    out[3 * pixel] = Math.round(out[3 * pixel] * 0.35 + 0.65 * 230);
    out[3 * pixel + 1] = Math.round(out[3 * pixel + 1] * 0.35);
    out[3 * pixel + 2] = Math.round(out[3 * pixel + 2] * 0.35);
  }
  return out;
}

async function small({ width, height }: Size, data: Uint8Array): Promise<Image> {
  const size = sizeWithin({ width, height }, SIDE);
  return resizeImage({ width, height, data }, size);
}

/** Writes small before and after images next to the report; returns their paths. */
export async function writePreview(
  folder: string,
  { number }: Pick<InpaintingItem, 'number'>,
  pair: PreviewPair,
): Promise<NonNullable<ItemResult['preview']>> {
  const directory = path.join(folder, '..', FOLDER);
  await makeFolder(directory);
  const write = async (name: string, image: Image) => {
    const file = path.join(directory, `${number}_${name}.png`);
    await writeFile(file, await encodeImage(image));
    return file;
  };
  return {
    before: await write('before', await small(pair.before, marked(pair))),
    after: await write('after', await small(pair.after, pair.after.data)),
  };
}

const escapeXml = (text: string): string => text.replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);

function caption(text: string, width: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${CAPTION}"><text x="2" y="18" font-family="sans-serif" font-size="14" fill="#222">${escapeXml(text)}</text></svg>`;
}

function captionOf({ item, files, status, holeShare }: ItemResult): string {
  const method = files.at(0)?.method ?? status;
  return `${item.number}  ${item.name.slice(-48)}  ·  hole ${formatPercent(holeShare)}  ·  ${method}`;
}

/**
 * Writes a contact sheet with before and after of every item, side by side.
 * @returns its name in `folder`; `null` when there is nothing to show
 */
export async function writeContactSheet(
  folder: string,
  results: readonly ItemResult[],
): Promise<string | null> {
  const rows = results.filter(({ preview }) => preview !== null).slice(0, MAX_ROWS);
  if (rows.length === 0) return null;
  const width = 2 * SIDE + 3 * GAP;
  const layers: ImageLayer[] = [];
  let top = GAP;
  for (const row of rows) {
    layers.push({ svg: caption(captionOf(row), width - GAP), left: GAP, top });
    top += CAPTION;
    const paths = [row.preview?.before ?? '', row.preview?.after ?? ''];
    const images = await Promise.all(paths.map(async (file) => decodePreview(await readFile(file))));
    images.forEach((image, index) => layers.push({ image, left: GAP + index * (SIDE + GAP), top }));
    top += Math.max(...images.map(({ height }) => height)) + GAP;
  }
  const sheet = await composeImage({ width, height: top, layers, encoding: { format: 'jpeg' } });
  await writeFile(path.join(folder, SHEET), sheet);
  return SHEET;
}
