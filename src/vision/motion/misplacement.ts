/** Number of camera motions from which errors count; a single motion is estimated accurately. */
const MIN_MOVES = 2;
/** Displacement as a share of a cell: minimum, maximum, and increase per camera motion. */
const [MIN_OFF, MAX_OFF, OFF_BY_MOVE] = [0.4, 0.8, 0.05];

/**
 * Tolerated displacement in pixels of another frame after a number of frame steps with camera motion, from parallax and
 * accumulated errors. 0 while the camera is static.
 * @param cell side in pixels of the cells in which surroundings are compared
 */
export function misplacedBy(moves: number, cell: number): number {
  if (moves < MIN_MOVES) return 0;
  return cell * Math.min(MAX_OFF, MIN_OFF + OFF_BY_MOVE * moves);
}
