import { holeDepth } from '../hole-distance.js';
import type { Image } from '../../image/image.js';
import { reduceWithHole } from '../../image/resample.js';
import { findEdgePoints, PROFILE_REACH, type EdgePoint } from './edge-points.js';
import type { Mask } from '../../image/mask.js';

/**
 * Edges are detected on a copy scaled so that the hole is at most this deep; finer detail cannot be matched across it.
 */
const WORKING_DEPTH = 16;
/** Cosine of the largest angle between an edge and the line to its partner, and between the two edges. */
const MIN_ALIGNMENT = Math.cos((9 * Math.PI) / 180);
/** Largest mean difference between the colour profiles of two edges that are joined, in grey levels. */
const MAX_DIFFERENCE = 26;
const MIN_LENGTH = 8;
/** Minimum share of the line between two partners that lies in the hole. */
const MIN_HIDDEN = 0.6;
/** Distance from the line, in working pixels, up to which its colours have full weight before they fade out. */
const FULL_REACH = 3;

/** An edge that enters a hole and leaves it; end points in working pixels. */
interface Continuation {
  readonly from: EdgePoint;
  readonly to: EdgePoint;
  readonly score: number;
}

/**
 * Continues straight edges through the hole of a guide: edges on opposite sides of the hole that are collinear and have
 * the same colours on either side are joined, and the colour profile across them is interpolated from end to end.
 * Returns the input guide when there is nothing to join.
 */
export function continueEdges(input: { image: Image; hole: Mask; guide: Image }): Image {
  const { image, hole, guide } = input;
  const scale = Math.min(1, WORKING_DEPTH / holeDepth(hole));
  const size = {
    width: Math.max(1, Math.round(hole.width * scale)),
    height: Math.max(1, Math.round(hole.height * scale)),
  };
  const reduced = scale < 1 ? reduceWithHole(image, hole, size) : { image, hole };
  const lines = chooseLines(findEdgePoints(reduced.image, reduced.hole), reduced.hole);
  if (lines.length === 0) return guide;
  const drawn = { ...guide, data: guide.data.slice() };
  const zoom = hole.width / size.width;
  // Drawn in reverse order, so that the best line is on top.
  for (const line of [...lines].reverse()) drawLine(drawn, hole, line, zoom);
  return drawn;
}

/** Pairs of edge points to join, best first; each point is used once and no two lines cross. */
function chooseLines(points: readonly EdgePoint[], hole: Mask): Continuation[] {
  const pairs: Continuation[] = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      const score = scorePair(points[i], points[j]);
      if (score > 0 && hiddenShare(points[i], points[j], hole) >= MIN_HIDDEN) {
        pairs.push({ from: points[i], to: points[j], score });
      }
    }
  }
  pairs.sort((a, b) => b.score - a.score);
  const chosen: Continuation[] = [];
  for (const pair of pairs) {
    if (chosen.every((other) => compatible(pair, other))) chosen.push(pair);
  }
  return chosen;
}

/** Score of joining two edge points; 0 when they do not continue each other, larger is better. */
function scorePair(a: EdgePoint, b: EdgePoint): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  if (length < MIN_LENGTH) return 0;
  const same = a.normalX * b.normalX + a.normalY * b.normalY;
  // The line must be parallel to both edges, that is, have no component along their normals.
  const acrossA = Math.abs(dx * a.normalX + dy * a.normalY) / length;
  const acrossB = Math.abs(dx * b.normalX + dy * b.normalY) / length;
  const alignment = Math.min(same, Math.sqrt(1 - acrossA * acrossA), Math.sqrt(1 - acrossB * acrossB));
  if (alignment < MIN_ALIGNMENT) return 0;
  const difference = profileDifference(a.profile, b.profile);
  if (difference > MAX_DIFFERENCE) return 0;
  const fit = ((alignment - MIN_ALIGNMENT) / (1 - MIN_ALIGNMENT)) * (1 - difference / MAX_DIFFERENCE);
  return (fit * Math.min(a.strength, b.strength)) / length;
}

function profileDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

function hiddenShare(a: EdgePoint, b: EdgePoint, hole: Mask): number {
  const steps = Math.ceil(Math.hypot(b.x - a.x, b.y - a.y));
  let hidden = 0;
  for (let k = 0; k <= steps; k++) {
    const x = Math.round(a.x + ((b.x - a.x) * k) / steps);
    const y = Math.round(a.y + ((b.y - a.y) * k) / steps);
    if (hole.data[y * hole.width + x] > 0) hidden += 1;
  }
  return hidden / (steps + 1);
}

function compatible(a: Continuation, b: Continuation): boolean {
  const shared = [a.from, a.to].some((end) =>
    [b.from, b.to].some((other) => Math.hypot(end.x - other.x, end.y - other.y) < 4),
  );
  return !shared && !cross(a, b);
}

function cross(a: Continuation, b: Continuation): boolean {
  const side = (p: EdgePoint, q: EdgePoint, r: EdgePoint): number =>
    Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return (
    side(a.from, a.to, b.from) !== side(a.from, a.to, b.to) &&
    side(b.from, b.to, a.from) !== side(b.from, b.to, a.to)
  );
}

/** Paints the hole pixels near a line with the colour profile across it, interpolated between both ends. */
function drawLine(target: Image, hole: Mask, { from, to }: Continuation, zoom: number): void {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy);
  // Unit vector across the line, towards the brighter side.
  const turn = Math.sign(-dy * from.normalX + dx * from.normalY) || 1;
  const acrossX = (-turn * dy) / length;
  const acrossY = (turn * dx) / length;
  const reach = PROFILE_REACH * zoom;
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) * zoom - reach));
  const right = Math.min(hole.width - 1, Math.ceil(Math.max(from.x, to.x) * zoom + reach));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) * zoom - reach));
  const bottom = Math.min(hole.height - 1, Math.ceil(Math.max(from.y, to.y) * zoom + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const pixel = y * hole.width + x;
      if (hole.data[pixel] === 0) continue;
      const px = (x + 0.5) / zoom - 0.5 - from.x;
      const py = (y + 0.5) / zoom - 0.5 - from.y;
      const along = (px * dx + py * dy) / (length * length);
      const offset = px * acrossX + py * acrossY;
      const weight = Math.min(1, (PROFILE_REACH - Math.abs(offset)) / (PROFILE_REACH - FULL_REACH));
      if (along < 0 || along > 1 || weight <= 0) continue;
      for (let c = 0; c < 3; c++) {
        const start = readAt(from.profile, offset, c);
        const colour = start + along * (readAt(to.profile, offset, c) - start);
        target.data[pixel * 3 + c] += Math.round(weight * (colour - target.data[pixel * 3 + c]));
      }
    }
  }
}

/** Interpolates a profile at a signed distance from the edge. */
function readAt(profile: Float32Array, offset: number, colour: number): number {
  const at = Math.min(2 * PROFILE_REACH, Math.max(0, offset + PROFILE_REACH));
  const first = Math.min(2 * PROFILE_REACH - 1, Math.floor(at));
  const value = profile[first * 3 + colour];
  return value + (at - first) * (profile[(first + 1) * 3 + colour] - value);
}
