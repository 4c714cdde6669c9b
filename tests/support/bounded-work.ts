import { createContext, Script } from 'node:vm';

/** Linear work on inputs of megabytes takes milliseconds, on the slowest machine seconds; quadratic work takes days. */
const LIMIT_MS = 300_000;

/**
 * Runs synchronous work and fails where its cost grows faster than its input, also inside of a regular expression, which
 * no timer of the test runner could interrupt.
 */
export function requireLinear(work: () => void): void {
  new Script('work()').runInContext(createContext({ work }), { timeout: LIMIT_MS });
}
