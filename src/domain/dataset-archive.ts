/** Identifies the manifest of an archive of a dataset. */
export const ARCHIVE_FORMAT = 'infernode.dataset';
/** Version of the format. A reader ignores fields that it does not know and refuses later versions. */
export const ARCHIVE_VERSION = 1;
export const MANIFEST_NAME = 'manifest.json';
/** Most items of one archive. */
export const MAX_ARCHIVE_ITEMS = 10_000;
/** Most files: a source and a mask per item, and the manifest. */
export const MAX_ARCHIVE_FILES = 2 * MAX_ARCHIVE_ITEMS + 1;
export const MAX_MANIFEST_BYTES = 32 * 2 ** 20;

/** Bytes `start` to `end`, both inclusive. */
export interface ArchiveRange {
  readonly start: number;
  readonly end: number;
}

/** A file to be archived. */
export interface ArchiveFile {
  /** ASCII, with `/` between folders. */
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly modified: Date;
  /** Its bytes, or a range of them. */
  open(range?: ArchiveRange): AsyncIterable<Buffer>;
}

/** An archive whose bytes are produced while they are read. */
export interface ArchiveLayout {
  readonly bytes: number;
  /**
   * The archive, or a range of it; the same bytes every time.
   * @throws AppError MEDIA_MISSING, MEDIA_DAMAGED (gone) when a file has not the declared content
   */
  read(range?: ArchiveRange): AsyncIterable<Buffer>;
}

/** Joins files to an archive. */
export interface ArchiveWriter {
  layout(files: readonly ArchiveFile[]): ArchiveLayout;
}
