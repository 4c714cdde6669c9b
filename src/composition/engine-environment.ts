import { withoutSmallHeap } from '../config/engine-environment.js';
import { minimalEnvironment } from '../supervision/minimal-environment.js';

/**
 * Environment of an engine process: variables of this process (or of `source`) that runtimes and drivers
 * read, and the user's allocator settings of the C library.
 */
export const engineEnvironment = (source?: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  withoutSmallHeap(minimalEnvironment(source));
