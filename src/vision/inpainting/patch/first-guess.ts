import type { CompletionLevel } from './completion-level.js';
import type { FastRandom } from './fast-random.js';
import { CHANNELS, REACH, VOTED } from './settings.js';

const SPREAD_SWEEPS = 60;
const JITTER = 4;
const JITTER_TRIES = 12;

/** The field of the next coarser level. */
export interface CoarserField {
  readonly width: number;
  readonly height: number;
  readonly field: Int32Array;
}

/** Initialises the coarsest level: colours from the guide, texture diffused from the border, random sources. */
export function startFromGuide(level: CompletionLevel, random: FastRandom): void {
  level.mixGuide(1);
  spreadTexture(level);
  level.refreshGradients();
  for (const target of level.targets) level.field[target] = anySource(level, random);
}

/**
 * Initialises a finer level: upscales the coarser field; when a source falls into the hole, a nearby one is searched.
 */
export function startFromCoarser(level: CompletionLevel, coarser: CoarserField, random: FastRandom): void {
  const { width, height, targets, field, kind } = level;
  const scaleX = width / coarser.width;
  const scaleY = height / coarser.height;
  for (const target of targets) {
    const x = target % width;
    const y = (target / width) | 0;
    const coarseX = clamp(Math.floor((x + 0.5) / scaleX), REACH, coarser.width - 1 - REACH);
    const coarseY = clamp(Math.floor((y + 0.5) / scaleY), REACH, coarser.height - 1 - REACH);
    const found = coarser.field[coarseY * coarser.width + coarseX];
    if (found < 0) {
      field[target] = anySource(level, random);
      continue;
    }
    const wantedX = x + Math.round(((found % coarser.width) - coarseX) * scaleX);
    const wantedY = y + Math.round((Math.floor(found / coarser.width) - coarseY) * scaleY);
    let source = nearestCentre(level, wantedX, wantedY);
    for (let tries = 0; kind[source] !== 1 && tries < JITTER_TRIES; tries++) {
      const dx = random.below(2 * JITTER + 1) - JITTER;
      const dy = random.below(2 * JITTER + 1) - JITTER;
      source = nearestCentre(level, wantedX + dx, wantedY + dy);
    }
    field[target] = kind[source] === 1 ? source : anySource(level, random);
  }
}

const anySource = ({ sources }: CompletionLevel, random: FastRandom): number =>
  sources[random.below(sources.length)];

const clamp = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value;

const nearestCentre = ({ width, height }: CompletionLevel, x: number, y: number): number =>
  clamp(y, REACH, height - 1 - REACH) * width + clamp(x, REACH, width - 1 - REACH);

/** Diffuses the texture channels into the hole, so that no target starts without texture. */
function spreadTexture({ width, height, features, holePixels }: CompletionLevel): void {
  for (let sweep = 0; sweep < SPREAD_SWEEPS; sweep++) {
    for (const pixel of holePixels) {
      const x = pixel % width;
      const y = (pixel / width) | 0;
      const around = [
        x > 0 ? pixel - 1 : -1,
        x < width - 1 ? pixel + 1 : -1,
        y > 0 ? pixel - width : -1,
        y < height - 1 ? pixel + width : -1,
      ].filter((neighbour) => neighbour >= 0);
      for (let c = 3; c < VOTED; c++) {
        const sum = around.reduce((total, neighbour) => total + features[neighbour * CHANNELS + c], 0);
        features[pixel * CHANNELS + c] = sum / around.length;
      }
    }
  }
}
