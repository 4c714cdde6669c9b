import type { Features, GrayImage } from '../types.js';

/** One image for a worker thread; `image.data` is transferred. */
export interface DetectionRequest {
  readonly id: number;
  readonly image: GrayImage;
}

/** What comes back for one request; the features' arrays are transferred. */
export type DetectionReply =
  { readonly id: number; readonly features: Features } | { readonly id: number; readonly error: string };
