import { inspectDatasetArchive, type ArchiveForm } from './upload-archive.js';
import type { Inspection, MediaInspector } from './upload-inspection.js';
import { inspectPairs, type PairForm } from './upload-pairs.js';
import { inspectImages, inspectVideos, type SingleForm } from './upload-single.js';

/** The files of an upload, by kind of upload. */
export type UploadContent =
  | { readonly kind: 'videos' | 'images'; readonly form: SingleForm }
  | { readonly kind: 'pairs'; readonly form: PairForm }
  | { readonly kind: 'dataset'; readonly form: ArchiveForm };

/** Inspects the files and determines what can be stored. @throws AppError when nothing can. */
export function inspectContent(
  inspector: MediaInspector,
  content: UploadContent,
  signal?: AbortSignal,
): Promise<Inspection> {
  switch (content.kind) {
    case 'videos':
      return inspectVideos(inspector, content.form, signal);
    case 'images':
      return inspectImages(inspector, content.form, signal);
    case 'pairs':
      return inspectPairs(inspector, content.form, signal);
    case 'dataset':
      return inspectDatasetArchive(inspector, content.form, signal);
  }
}
