import type { JobFailure } from '../../domain/job.js';
import type { ErrorCode } from '../../errors/codes.js';
import type { InpaintingItem } from './plan.js';

/** A result file of an item, in the folder of the report. */
export interface ItemFile {
  readonly name: string;
  /** MIME type. */
  readonly type: string;
  /** 1 for the result, 2 for the alternative fill. */
  readonly variant: number;
  readonly method: string;
}

/** Result of one item. */
export interface ItemResult {
  readonly item: InpaintingItem;
  readonly status: 'filled' | 'copied' | 'failed';
  readonly files: readonly ItemFile[];
  /** Share of filled pixels, 0 to 1; the mean over all frames of a video. */
  readonly holeShare: number;
  readonly strategy: string | null;
  readonly timings: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  readonly error: (JobFailure & { readonly code: ErrorCode }) | null;
  /** Paths of small before and after images for the contact sheet; `null` without. */
  readonly preview: { readonly before: string; readonly after: string } | null;
  /** Number of frames written. */
  readonly frames: number;
  /** Further facts about a video, such as its frame rate. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Formats an item for the JSON result. */
export function presentItem({ item, preview: _preview, ...result }: ItemResult) {
  const { number, name, file, source, maskReading = null } = item;
  return {
    number,
    name,
    source: file,
    kind: source.kind,
    width: source.width,
    height: source.height,
    ...result,
    maskReading,
    warnings: [...(item.warnings ?? []), ...result.warnings],
  };
}
