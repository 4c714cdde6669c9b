/** Maximum number of boxes for the removal of duplicates, best first; its cost is quadratic. */
export const MAX_CANDIDATES = 4096;
/**
 * Maximum number of boxes that a graph may return for one image; the largest public networks return some
 * 100 000.
 */
export const MAX_ROWS = 1_000_000;
/** Maximum number of classes of a network. */
export const MAX_CLASSES = 10_000;
