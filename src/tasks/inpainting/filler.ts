import type { DeviceReport, DeviceRequest, NetworkIdentity } from '../../domain/job.js';
import type { Image } from '../../vision/image/image.js';
import type { Mask } from '../../vision/image/mask.js';

/** How much time a fill may take for how good it looks. */
export const FILL_QUALITIES = ['fast', 'balanced', 'high'] as const;
/** See {@link FILL_QUALITIES}. */
type FillQuality = (typeof FILL_QUALITIES)[number];

/** One image with a hole. The filler must not write to the buffers. */
export interface FillRequest {
  /** 8-bit sRGB. */
  readonly image: Image;
  /** Grown already. Neither empty nor all hole. */
  readonly mask: Mask;
  readonly quality: FillQuality;
  /** Whether the hole of the whole image, of which this may be a part, is large: a network for large holes is used. */
  readonly large?: boolean;
  /** 2 asks for the other fill as well, where the model has one. */
  readonly variants: 1 | 2;
  /** The same request with the same seed gives the same bytes. */
  readonly seed: number;
  /** Looked at often enough that a fill ends within half a second of an abort, by throwing its reason. */
  readonly signal: AbortSignal;
  /** Called with the part that is done, 0 to 1, never falling. */
  onProgress(done: number): void;
}

/** One way to fill the hole. */
export interface FilledImage {
  /** What filled it, such as `unet`, `patch_guided`, `patch_unguided`. */
  readonly method: string;
  /** Whether a network for large holes filled it. */
  readonly learned?: boolean;
  /** As large as that of the request; known pixels are bit-equal to it. */
  readonly image: Image;
}

/** What came of a {@link FillRequest}; the first image is the one to use. */
export interface FillResult {
  readonly images: readonly [FilledImage, ...FilledImage[]];
  /** Milliseconds by stage, such as `networkMs`, `patchMs`. */
  readonly timings: Readonly<Record<string, number>>;
  /** Sentences for the user, such as a hole without enough surroundings to copy from. */
  readonly warnings: readonly string[];
}

/** An opened fill, used for one image after the other. */
export interface Filler {
  /** What was asked for and what really runs; classic fills say `cpu`. */
  readonly device: DeviceReport;
  /** The network, if one takes part. */
  readonly network: NetworkIdentity | null;
  fill(request: FillRequest): Promise<FillResult>;
  release(): void;
}

/** What a filler is opened with. */
export interface FillerOptions {
  /** One of {@link FILL_MODELS}, or the id of an inpainting network in `modelsDirectory`. */
  readonly modelId: string;
  readonly device: DeviceRequest;
  /** Fail instead of falling back to the CPU. */
  readonly strict: boolean;
  readonly modelsDirectory: string;
  readonly threads: number;
  /** Longest time that opening an installed network, and each run of it, may take; two minutes unless given. */
  readonly modelTimeoutMs?: number;
}

/** Opens a fill. @throws AppError MODEL_NOT_FOUND for an unknown `modelId`. */
export type OpenFiller = (options: FillerOptions) => Promise<Filler>;
