import type { Features, GrayImage } from '../types.js';

/** One image for a worker thread; `image.data` is transferred. */
export interface DetectionRequest {
  readonly id: number;
  readonly image: GrayImage;
}

/** What comes back for one request; the features' arrays are transferred. */
export type DetectionReply =
  { readonly id: number; readonly features: Features } | { readonly id: number; readonly error: string };

/** The buffers of a feature set, for transfer to another thread. */
export function buffersOf({ points, scores, sizes, angles, descriptors }: Features): ArrayBuffer[] {
  return [points, scores, sizes, angles, descriptors.data].map((array) => array.buffer as ArrayBuffer);
}
