import type { Media } from '../dataset.js';
import type { Preview, PreviewFacts, PreviewFile, PreviewKind } from '../preview.js';

/**
 * Previews by the SHA-256 of their content. Adding media to a dataset adds their pending previews in the same transaction
 * (`DatasetRepository.addItems`), and so does storing a result (`ResultMediaRepository.add`).
 */
export interface PreviewRepository {
  /** Drops pending previews of other kinds than these, unless an admin asked for them. */
  dropPendingExcept(kinds: readonly PreviewKind[]): Promise<void>;
  /** Contents with pending previews that were not queued since `before`, in the order in which they are to be made. */
  due(before: Date, limit: number): Promise<readonly string[]>;
  /** Notes that the pending previews of these contents are in the queue. */
  markQueued(sha256s: readonly string[]): Promise<void>;
  /** Counts an attempt at the next pending preview of a content, in the order of the kinds; null when there is none. */
  begin(sha256: string, except: readonly PreviewKind[]): Promise<Preview | null>;
  /** Takes back an attempt that was interrupted. */
  uncount(sha256: string, kind: PreviewKind): Promise<void>;
  /**
   * Records a preview with its files. Needs a transaction.
   * @returns keys of the files that they replace; null when the preview is not wanted any more
   */
  complete(
    sha256: string,
    kind: PreviewKind,
    made: { readonly facts: PreviewFacts; readonly files: readonly PreviewFile[] },
  ): Promise<readonly string[] | null>;
  /** Records a final failure; files of an earlier success stay. */
  fail(
    sha256: string,
    kind: PreviewKind,
    error: { readonly code: string; readonly message: string },
  ): Promise<void>;
  /** Some media with this content, the oldest first. */
  mediaOf(sha256: string): Promise<readonly Media[]>;
  /** The previews of these contents, by content and in the order of the kinds. */
  ofContents(sha256s: readonly string[]): Promise<readonly Preview[]>;
  /** The files of a preview. */
  files(sha256: string, kind: PreviewKind): Promise<readonly PreviewFile[]>;
  file(sha256: string, kind: PreviewKind, variant: string): Promise<PreviewFile | null>;
  /** Files of all previews, ordered by key: those after `key`, or from the start. */
  filesAfter(key: string | null, limit: number): Promise<readonly PreviewFile[]>;
  /** Marks previews whose content no file has; deleting files marks them too, except in rare races. */
  markUnused(): Promise<void>;
  /**
   * Removes up to `limit` marked previews, except those whose content is in use again. Needs a transaction.
   * @returns keys of their files; null when nothing is marked
   */
  takeUnused(limit: number): Promise<readonly string[] | null>;
}
