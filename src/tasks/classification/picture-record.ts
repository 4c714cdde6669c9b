import type { ClassPrediction } from '../../domain/network.js';
import type { PictureEntry } from './plan.js';

/** What became of one picture. */
export type PictureRecord = PictureEntry &
  (
    | {
        readonly ok: true;
        readonly predictions: readonly ClassPrediction[];
        readonly entropy: number;
        readonly margin: number;
      }
    | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } }
  );
