import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { inspectImage, type ImageLimits } from './image-codec.js';

/** Grey values above this are hole. */
export const MASK_THRESHOLD = 127;

/** How a picture from a user is to be taken in. */
export interface PictureIntake {
  readonly path: string;
  /** New file that the cleaned picture is written to, as PNG. */
  readonly target: string;
  readonly role: 'source' | 'mask';
  readonly limits: ImageLimits;
}

/** Figures of a thresholded mask, both 0 to 1: how much is hole, and how much was neither black nor white. */
export interface MaskShares {
  readonly share: number;
  readonly nonBinaryShare: number;
}

/** What a picture from a user is once it is taken in; sizes are those that a viewer shows. */
export interface TakenPicture {
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly sha256: string;
  /** For masks only. */
  readonly hole: MaskShares | null;
}

const PNG = { compressionLevel: 3 } as const;

/**
 * Decodes a stranger's picture and writes what it shows: upright, sRGB, 8 bits, without metadata, as PNG. A source
 * keeps its alpha. A mask is flattened on black and thresholded at {@link MASK_THRESHOLD}.
 * Run it in a process that may die: decoders are where hostile files do harm.
 * @throws AppError as `inspectImage`
 */
export async function takePicture({ path, target, role, limits }: PictureIntake): Promise<TakenPicture> {
  await inspectImage(path, limits);
  const upright = sharp(path, { limitInputPixels: limits.maxPixels, failOn: 'warning' }).autoOrient();
  if (role === 'mask') return takeMask(upright, target);
  const { width, height } = await upright.toColourspace('srgb').png(PNG).toFile(target);
  return { width, height, hole: null, ...(await hashOf(target)) };
}

async function takeMask(upright: Sharp, target: string): Promise<TakenPicture> {
  const { data, info } = await upright
    .flatten({ background: '#000000' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const { mask, hole } = thresholdMask(data, channels);
  await sharp(mask, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png(PNG)
    .toFile(target);
  return { width, height, hole, ...(await hashOf(target)) };
}

/** Values above {@link MASK_THRESHOLD} as 255, all others as 0; only every `stride`-th byte is looked at. */
export function thresholdMask(grey: Uint8Array, stride = 1): { mask: Uint8Array; hole: MaskShares } {
  const pixels = Math.floor(grey.length / stride);
  const mask = new Uint8Array(pixels);
  let holes = 0;
  let nonBinary = 0;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const value = grey[pixel * stride];
    if (value !== 0 && value !== 255) nonBinary += 1;
    if (value <= MASK_THRESHOLD) continue;
    mask[pixel] = 255;
    holes += 1;
  }
  return { mask, hole: { share: holes / pixels, nonBinaryShare: nonBinary / pixels } };
}

async function hashOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
