import type { DeviceReport, DeviceRequest, NetworkIdentity } from '../../domain/job.js';
import type { Image } from '../../vision/image/image.js';
import type { Mask } from '../../vision/image/mask.js';

/** Trade-off between time and quality of a fill. */
export const FILL_QUALITIES = ['fast', 'balanced', 'high'] as const;
/** See {@link FILL_QUALITIES}. */
type FillQuality = (typeof FILL_QUALITIES)[number];

/** One image with a hole. The filler must not write to the buffers. */
export interface FillRequest {
  /** 8-bit sRGB. */
  readonly image: Image;
  /** Already grown. Neither empty nor all hole. */
  readonly mask: Mask;
  readonly quality: FillQuality;
  /**
   * Whether the hole of the whole image, of which this may be a part, is large; a network for large holes is then used
   * if installed.
   */
  readonly large?: boolean;
  /** 2 requests the alternative fill as well, where the model has one. */
  readonly variants: 1 | 2;
  /** The same request with the same seed gives identical bytes. */
  readonly seed: number;
  /** Checked often enough that a fill stops within half a second of an abort by throwing its reason. */
  readonly signal: AbortSignal;
  /** Called with the completed share, 0 to 1, never decreasing. */
  onProgress(done: number): void;
}

/** One filled version of the image. */
export interface FilledImage {
  /** Method, such as `unet`, `patch_guided`, `patch_unguided`. */
  readonly method: string;
  /** Whether a network for large holes filled it. */
  readonly learned?: boolean;
  /** Same size as the input; known pixels are bit-identical. */
  readonly image: Image;
}

/** Result of a {@link FillRequest}; the first image is the one to use. */
export interface FillResult {
  readonly images: readonly [FilledImage, ...FilledImage[]];
  /** Milliseconds by stage, such as `networkMs`, `patchMs`. */
  readonly timings: Readonly<Record<string, number>>;
  /** Warnings for the user, such as a hole without enough surroundings to copy from. */
  readonly warnings: readonly string[];
}

/** An opened fill, used for one image at a time. */
export interface Filler {
  /** Requested and actual device; classic fills report `cpu`. */
  readonly device: DeviceReport;
  /** The network in use, if any. */
  readonly network: NetworkIdentity | null;
  fill(request: FillRequest): Promise<FillResult>;
  release(): void;
}

/** Options for opening a filler. */
export interface FillerOptions {
  /** One of {@link FILL_MODELS}, or the id of an inpainting network in `modelsDirectory`. */
  readonly modelId: string;
  readonly device: DeviceRequest;
  /** Fail instead of falling back to the CPU. */
  readonly strict: boolean;
  readonly modelsDirectory: string;
  readonly threads: number;
  /** Timeout for loading an installed network and for each of its runs; default two minutes. */
  readonly modelTimeoutMs?: number;
}

/** Opens a fill. @throws AppError MODEL_NOT_FOUND for an unknown `modelId`. */
export type OpenFiller = (options: FillerOptions) => Promise<Filler>;
