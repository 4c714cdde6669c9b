import type { MediaKind, MediaRole } from './dataset.js';
import type { PreviewKind } from './preview.js';

/** What a list of media can be ordered by. */
export const MEDIA_SORTS = ['createdAt', 'name', 'bytes', 'duration', 'frames'] as const;
/** See {@link MEDIA_SORTS}. */
export type MediaSort = (typeof MEDIA_SORTS)[number];

/** Filter and order of a list of media; absent conditions do not filter. */
export interface MediaFilter {
  readonly userId: string;
  readonly datasetId?: string;
  readonly kind?: MediaKind;
  readonly role?: MediaRole;
  /** Part of the name, in any case. */
  readonly search?: string;
  readonly sort: MediaSort;
  readonly order: 'asc' | 'desc';
}

/** Which media an admin wants previews of; datasets that are deleted are left out. */
export interface MediaProcessRequest {
  /** First and last day of the upload in UTC, both inclusive, as `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  readonly steps: readonly PreviewKind[];
  readonly datasetId?: string;
  /** Whether previews that are ready are made again. */
  readonly remake: boolean;
}

/** Counts of previews: media and steps that a request is about, and how many of them are in which state. */
export interface MediaProcessCounts {
  /** Media that match. */
  readonly media: number;
  /** Previews that are to be made, once per content. */
  readonly queued: number;
  /** Previews that were ready before. */
  readonly ready: number;
  /** Previews that were already waiting. */
  readonly waiting: number;
}

/** A run over stored media that makes missing and failed previews. */
export interface MediaProcessRun extends MediaProcessRequest, MediaProcessCounts {
  readonly id: string;
  /** Who asked for it; null from the command line. */
  readonly userId: string | null;
  readonly createdAt: Date;
  /** When all media had been looked at; null before. */
  readonly plannedAt: Date | null;
}

/** How far the queued previews of a run are. */
export interface MediaProcessProgress {
  readonly pending: number;
  readonly done: number;
  readonly failed: number;
}

/** A preview that a run could not make, with a media that shows the content. */
export interface MediaProcessFailure {
  readonly mediaId: string;
  readonly name: string;
  readonly step: PreviewKind;
  readonly code: string;
  readonly message: string;
}
