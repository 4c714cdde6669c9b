import { followNode, type LevelPair, type Point } from './follow-node.js';
import { follow, makeField, type MotionField } from './motion-field.js';
import { NodeMotions } from './node-motions.js';
import type { Level } from './pyramid.js';
import { gridOf, inPixels, STILL, type Warp } from './warp.js';
import type { Size } from '../image/image.js';
import type { Box } from '../image/box.js';

/** Node spacing in pixels of the finest level. */
const NODE_STEP = 8;

/** Node spacing of a frame's fields in pixels. */
export function nodeStep({ width }: Size, [finest]: readonly Level[]): number {
  return Math.max(1, Math.round((NODE_STEP * width) / finest.width));
}

/**
 * Dense motion from one frame to the next: the global motion plus local deviations, which parallax causes when the
 * camera moves. In holes it is extrapolated from their surroundings.
 * @param warp global motion from `align`
 */
export function localMotion(
  from: readonly Level[],
  to: readonly Level[],
  { warp, size }: { readonly warp: Warp; readonly size: Size },
): MotionField {
  const step = nodeStep(size, from);
  const { columns, rows } = makeField(size, step, (x, y) => [x, y]);
  const motions = new NodeMotions(columns, rows);
  for (const index of [Math.min(1, from.length - 1, to.length - 1), 0]) {
    const [a, b, c, d, e, f, g, h] = inPixels(warp, gridOf(from[index]));
    const expect: LevelPair['expect'] = (x, y, out) => {
      const w = g * x + h * y + 1;
      out[0] = (a * x + b * y + c) / w;
      out[1] = (d * x + e * y + f) / w;
    };
    followNodes({ from: from[index], to: to[index], expect, sure: warp === STILL }, motions, {
      scale: from[index].width / size.width,
      step,
    });
  }
  const { dx, dy } = motions.smooth();
  const [a, b, c, d, e, f, g, h] = inPixels(warp, gridOf(size));
  return makeField(size, step, (x, y, node) => {
    const w = g * x + h * y + 1;
    return [(a * x + b * y + c) / w + dx[node], (d * x + e * y + f) / w + dy[node]];
  });
}

/** Tracks all nodes of a lattice, or of the part of it that starts at `first`. */
function followNodes(
  pair: LevelPair,
  motions: NodeMotions,
  { scale, step, first = [0, 0] }: { readonly scale: number; readonly step: number; readonly first?: Point },
): void {
  const inLevel = (at: number): number => Math.round((at + 0.5) * scale - 0.5);
  for (let node = 0; node < motions.dx.length; node += 1) {
    const column = node % motions.columns;
    const row = (node - column) / motions.columns;
    const centre: Point = [inLevel((first[0] + column) * step), inLevel((first[1] + row) * step)];
    const start: Point = [motions.dx[node] * scale, motions.dy[node] * scale];
    motions.note(node, followNode(pair, centre, start), scale);
  }
}

/** Margin in nodes around a box that is corrected. */
const CORRECTED_NODES = 4;

/**
 * Corrects a field that was chained over many frames, in and around a box, because small errors accumulate. Aligns both
 * frames directly, starting from the field.
 */
export function correctField(
  field: MotionField,
  { from, to }: { readonly from: readonly Level[]; readonly to: readonly Level[] },
  { box, size }: { readonly box: Box; readonly size: Size },
): MotionField {
  const { step } = field;
  const first = [box.left, box.top].map((at) => Math.max(0, Math.floor(at / step) - CORRECTED_NODES));
  const last = [
    Math.min(field.columns - 1, Math.ceil((box.left + box.width) / step) + CORRECTED_NODES),
    Math.min(field.rows - 1, Math.ceil((box.top + box.height) / step) + CORRECTED_NODES),
  ];
  const motions = new NodeMotions(last[0] - first[0] + 1, last[1] - first[1] + 1);
  const place = new Float64Array(2);
  for (const index of [Math.min(1, from.length - 1, to.length - 1), 0]) {
    const scale = from[index].width / size.width;
    const expect: LevelPair['expect'] = (x, y, out) => {
      follow(field, (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5, place);
      out[0] = (place[0] + 0.5) * scale - 0.5;
      out[1] = (place[1] + 0.5) * scale - 0.5;
    };
    followNodes({ from: from[index], to: to[index], expect, sure: true }, motions, {
      scale,
      step,
      first: [first[0], first[1]],
    });
  }
  const { dx, dy } = motions.smooth();
  const [u, v] = [Float32Array.from(field.u), Float32Array.from(field.v)];
  for (let node = 0; node < dx.length; node += 1) {
    const column = node % motions.columns;
    const at = (first[1] + (node - column) / motions.columns) * field.columns + first[0] + column;
    u[at] += dx[node];
    v[at] += dy[node];
  }
  return { ...field, u, v };
}
