import type { PreviewFacts, PreviewFile } from '../../domain/preview.js';

/** A file of a preview, not yet in the blob store. */
export interface MadeFile extends Omit<PreviewFile, 'storageKey'> {
  readonly path: string;
}

/** A preview that was made. */
export interface MadePreview {
  readonly files: readonly MadeFile[];
  readonly facts: PreviewFacts;
}
