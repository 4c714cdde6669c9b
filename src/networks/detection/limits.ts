/** Boxes that go into the suppression of duplicates at most, best first: its cost grows with their square. */
export const MAX_CANDIDATES = 4096;
/** Boxes that a graph may give for one image; the largest public networks give some 100 000. */
export const MAX_ROWS = 1_000_000;
/** Most classes of a network. */
export const MAX_CLASSES = 10_000;
