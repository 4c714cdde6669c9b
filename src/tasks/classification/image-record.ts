import type { ClassPrediction } from '../../domain/network.js';
import type { ImageEntry } from './plan.js';

/** Result of one image. */
export type ImageRecord = ImageEntry &
  (
    | {
        readonly ok: true;
        readonly predictions: readonly ClassPrediction[];
        readonly entropy: number;
        readonly margin: number;
      }
    | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } }
  );
