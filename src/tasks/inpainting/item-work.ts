import type { EngineContext } from '../definition.js';
import type { DetectedMasks } from './detected-masks.js';
import type { Filler } from './filler.js';
import type { InpaintingParams } from './params.js';

/** Context for processing one item. */
export interface ItemWork {
  readonly params: InpaintingParams;
  readonly engine: EngineContext;
  readonly filler: Filler;
  /** `null` when the masks were uploaded. */
  readonly masks: DetectedMasks | null;
  /** Names of the result files without extension, by item number. */
  readonly stems: ReadonlyMap<number, string>;
  /** Folder for the result files. */
  readonly folder: string;
  /** Called with the completed share of the item, 0 to 1. */
  onProgress(done: number): void;
}
