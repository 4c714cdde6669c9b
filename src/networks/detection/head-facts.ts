import type { HeadSpec } from './detector-manifest.js';
import type { InputSize } from './head.js';
import type { Outputs } from './numbers.js';

/** Facts about a detector head: outputs of the first run, and fields of the manifest. */
export interface HeadFacts {
  readonly spec: HeadSpec;
  readonly outputs: Outputs;
  readonly size: InputSize;
  /** Number of labels in the manifest; 0 without labels. */
  readonly labels: number;
}
