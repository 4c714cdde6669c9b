import type { EngineContext } from '../definition.js';
import type { DetectedMasks } from './detected-masks.js';
import type { Filler } from './filler.js';
import type { InpaintingParams } from './params.js';

/** What working on one item needs. */
export interface ItemWork {
  readonly params: InpaintingParams;
  readonly engine: EngineContext;
  readonly filler: Filler;
  /** Null where the masks were uploaded. */
  readonly masks: DetectedMasks | null;
  /** Names of the result files without their endings, by number of the item. */
  readonly stems: ReadonlyMap<number, string>;
  /** Folder that result files are written to. */
  readonly folder: string;
  /** Called with the part of the item that is done, 0 to 1. */
  onProgress(done: number): void;
}
