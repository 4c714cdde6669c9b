import { withoutSmallHeap } from '../config/engine-environment.js';
import { minimalEnvironment } from '../supervision/minimal-environment.js';

/**
 * The environment of an engine: what runtimes and drivers read of this process's, or of `source`, and the heap of the C
 * library as the user has it.
 */
export const engineEnvironment = (source?: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  withoutSmallHeap(minimalEnvironment(source));
