/** A named collection of a user; soft-deleted, its name unique per owner among live ones. */
export interface Dataset {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** Kind of a stored file. */
export type MediaKind = 'image' | 'video';

/** What a file is for: something to work on, or a mask of it. */
export type MediaRole = 'source' | 'mask';

/** One stored file. Frames are counted packets, never a header's claim. */
export interface Media {
  readonly id: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly kind: MediaKind;
  readonly role: MediaRole;
  readonly name: string;
  readonly container: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** 1 for images. */
  readonly frameCount: number;
  /** Frames a second as an exact fraction; null for images. */
  readonly fps: { readonly num: number; readonly den: number } | null;
  readonly durationSeconds: number | null;
  /** Key in the blob store. */
  readonly storageKey: string;
  readonly createdAt: Date;
}

/** What a job works on: a source with or without its mask, in upload order. */
export interface DatasetItem {
  readonly id: string;
  readonly datasetId: string;
  /** Order of upload within the dataset, from 0. */
  readonly position: number;
  readonly source: Media;
  readonly mask: Media | null;
}
