import type { HeadSpec } from './detector-manifest.js';
import type { InputSize } from './head.js';
import type { Outputs } from './numbers.js';

/** What the outputs of a first run and the manifest say of a head. */
export interface HeadFacts {
  readonly spec: HeadSpec;
  readonly outputs: Outputs;
  readonly size: InputSize;
  /** Number of labels that the manifest names; 0 where it names none. */
  readonly labels: number;
}
