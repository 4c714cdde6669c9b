import sharp from 'sharp';
import type { MaskFacts } from '../domain/dataset.js';
import { formatPercent } from '../domain/percent.js';
import type { Image, Size } from '../vision/image/image.js';
import { holeCircle } from '../vision/inpainting/hole-size.js';
import type { ReadMask } from './mask-reading.js';

/** Stored images are PNG, compressed quickly rather than tightly. */
export const PNG_OPTIONS = { compressionLevel: 3 } as const;

/** Where a mask is written, and how it was read. */
export interface MaskTarget {
  readonly target: string;
  readonly read: Pick<MaskFacts, 'nonBinaryShare' | 'reading'>;
}

/** Writes a mask as a black and white PNG and measures its hole. @param mask 255 hole, 0 known */
export async function writeMask(
  { width, height, data }: Image,
  { target, read: { nonBinaryShare, reading } }: MaskTarget,
): Promise<Size & { readonly hole: MaskFacts }> {
  await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png(PNG_OPTIONS)
    .toFile(target);
  let holes = 0;
  for (const value of data) if (value > 0) holes += 1;
  const hole = {
    share: holes / data.length,
    nonBinaryShare,
    reading,
    circle: holeCircle({ width, height, data }),
  };
  return { width, height, hole };
}

/** Notes for the user on how a mask was read and scaled. */
export function maskNotes({ grey, index, nonBinaryShare }: ReadMask, from: Size, to: Size): string[] {
  const found: string[] = [];
  if (grey)
    found.push(
      `${formatPercent(nonBinaryShare)} of the mask is neither black nor white: values above 127 were treated as white.`,
    );
  if (index !== null)
    found.push(
      `The mask contains only the values 0 and ${String(index)}, no white: ${String(index)} was treated as hole.`,
    );
  if (from.width !== to.width || from.height !== to.height)
    found.push(`The mask was scaled from ${from.width}x${from.height} to ${to.width}x${to.height} pixels.`);
  return found;
}
