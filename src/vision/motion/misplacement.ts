/** Steps in which the camera has moved at which errors of the motion count; one bump moves an image as exactly as any. */
const FEWEST_MOVES = 2;
/** Parts of a cell: what places are off at least and at most, and by how much more with each of those steps. */
const [LEAST_OFF, MOST_OFF, OFF_BY_MOVE] = [0.4, 0.8, 0.05];

/**
 * Pixels by which places of another frame may be off after the camera has moved in so many steps from frame to frame: near
 * things pass far ones then, and small errors of their motion add up. While the camera stands still nothing is off.
 * @param cell pixels to a side of the cells in which surroundings are compared
 */
export function misplacedBy(moves: number, cell: number): number {
  if (moves < FEWEST_MOVES) return 0;
  return cell * Math.min(MOST_OFF, LEAST_OFF + OFF_BY_MOVE * moves);
}
