import type { Sharp } from 'sharp';
import { profileName } from './colour-profile.js';

/** Why an image is rejected; callers translate it to their own errors. */
export type ImageFault =
  /** Damaged, or too much is missing. */
  | { readonly fault: 'corrupt'; readonly detail: string; readonly cause?: unknown }
  /** A variant of its format that is not supported. */
  | { readonly fault: 'unsupported'; readonly detail: string }
  /** Decoding would take too long, so it is not started. */
  | { readonly fault: 'laborious'; readonly detail: string };

/** Thrown by `openImage` and {@link OpenedImage.read}. */
export class ImageUnreadable extends Error {
  constructor(readonly reason: ImageFault) {
    super(reason.detail, 'cause' in reason ? { cause: reason.cause } : undefined);
  }
}

/** An image whose header was read. */
export interface OpenedImage {
  /** Size as a viewer shows it, upright. */
  readonly width: number;
  readonly height: number;
  /** Warnings for the user about how the image was read, one sentence each; decoding may add more. */
  readonly warnings: readonly string[];
  /**
   * Decodes the image with `use`, tolerating faults that viewers tolerate.
   * @returns the result of `use`, and all warnings
   * @throws ImageUnreadable
   */
  read<T>(
    use: (image: Sharp) => Promise<T>,
  ): Promise<{ readonly value: T; readonly warnings: readonly string[] }>;
}

/** The warning for colours that are converted; `icc` is the profile of the file. */
export function profileWarnings(icc: Buffer | undefined): string[] {
  if (!icc || !isForeignProfile(icc)) return [];
  return [`The colours were converted from the profile ${profileName(icc) ?? 'of the file'} to sRGB.`];
}

/** Whether the profile differs from sRGB, which pixels without a profile are assumed to be. */
function isForeignProfile(icc: Buffer): boolean {
  const name = profileName(icc) ?? '';
  const colours = icc.toString('latin1', 16, 20);
  if (colours === 'GRAY') return !/sGr[ae]y|gamma 2\.2/i.test(name);
  return colours === 'RGB ' && !/sRGB|s RGB/i.test(name);
}

/** @throws ImageUnreadable */
export function corrupt(cause: unknown): never {
  throw new ImageUnreadable({ fault: 'corrupt', detail: '', cause });
}
