import type { Size } from './image.js';

/**
 * Rectangle of whole pixels: first column, first row, width and height, as in sharp's `extract` and FFmpeg's `crop`.
 */
export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** `box` extended by `margin` pixels on every side, clipped to the image. */
export function growBox(box: Box, margin: number, size: Size): Box {
  const left = Math.max(0, box.left - margin);
  const top = Math.max(0, box.top - margin);
  return {
    left,
    top,
    width: Math.min(size.width, box.left + box.width + margin) - left,
    height: Math.min(size.height, box.top + box.height + margin) - top,
  };
}

/** `box` extended evenly to at least `target`, as far as the image allows; never smaller than it was. */
export function growToSize(box: Box, target: Size, size: Size): Box {
  const [left, width] = growSide([box.left, box.width], target.width, size.width);
  const [top, height] = growSide([box.top, box.height], target.height, size.height);
  return { left, top, width, height };
}

function growSide([start, length]: readonly [number, number], target: number, end: number): [number, number] {
  const grown = Math.min(Math.max(target, length), end);
  const first = start - Math.floor((grown - length) / 2);
  return [Math.min(Math.max(0, first), end - grown), grown];
}

/** The smallest box around two boxes. */
export function joinBoxes(a: Box, b: Box): Box {
  const left = Math.min(a.left, b.left);
  const top = Math.min(a.top, b.top);
  return {
    left,
    top,
    width: Math.max(a.left + a.width, b.left + b.width) - left,
    height: Math.max(a.top + a.height, b.top + b.height) - top,
  };
}

/** Whether two boxes share a pixel. */
const boxesMeet = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width &&
  b.left < a.left + a.width &&
  a.top < b.top + b.height &&
  b.top < a.top + a.height;

/** Groups items whose boxes overlap, until no two groups' boxes do; each group comes with its bounding box. */
export function groupByBox<T>(
  items: readonly T[],
  boxOf: (item: T) => Box,
): readonly { readonly box: Box; readonly items: readonly T[] }[] {
  let groups = items.map((item) => ({ box: boxOf(item), items: [item] }));
  for (let merged = true; merged;) {
    merged = false;
    const kept: typeof groups = [];
    for (const group of groups) {
      const other = kept.find(({ box }) => boxesMeet(box, group.box));
      if (other === undefined) {
        kept.push(group);
        continue;
      }
      other.box = joinBoxes(other.box, group.box);
      other.items.push(...group.items);
      merged = true;
    }
    groups = kept;
  }
  return groups;
}
