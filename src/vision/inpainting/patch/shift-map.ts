import type { CompletionLevel } from './completion-level.js';
import { AREA, COST_FLOOR, REACH } from './settings.js';

/** Relative loss of a patch's weight at its corners compared with its centre. */
const OFF_CENTRE_PENALTY = 0.08;

/**
 * For every hole pixel the offset (in pixel indices) of the one patch that fits it best: copying from a single patch
 * keeps texture sharp, averaging would blur it. Indexed like `level.holePixels`; 0 where no patch covers the pixel.
 */
export function bestShifts(level: CompletionLevel): Int32Array {
  const { width, targets, field, cost, trust, holeIndex, holePixels } = level;
  const shifts = new Int32Array(holePixels.length);
  const best = new Float32Array(holePixels.length);
  for (const target of targets) {
    const source = field[target];
    if (source < 0) continue;
    const weight = trust[target] / (cost[target] / AREA + COST_FLOOR);
    for (let dy = -REACH; dy <= REACH; dy++) {
      for (let dx = -REACH; dx <= REACH; dx++) {
        const index = holeIndex[target + dy * width + dx];
        if (index < 0) continue;
        const value = weight * (1 - (OFF_CENTRE_PENALTY * (dx * dx + dy * dy)) / (2 * REACH * REACH));
        if (value <= best[index]) continue;
        best[index] = value;
        shifts[index] = source - target;
      }
    }
  }
  return shifts;
}
