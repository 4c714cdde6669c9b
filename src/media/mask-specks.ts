import type { RgbaPicture } from './mask-colours.js';

/** Coding makes single pixels differ: only squares of 3 x 3 pixels stay. */
export function withoutSpecks({ width, height, data }: RgbaPicture): {
  readonly mask: Uint8Array;
  readonly share: number;
} {
  const mask = new Uint8Array(width * height);
  let set = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      if (!isFullSquare(data, width, y * width + x)) continue;
      for (let row = y - 1; row <= y + 1; row += 1) mask.fill(255, row * width + x - 1, row * width + x + 2);
    }
  }
  for (const value of mask) if (value > 0) set += 1;
  return { mask, share: set / mask.length };
}

function isFullSquare(data: Uint8Array, width: number, at: number): boolean {
  for (const row of [at - width, at, at + width])
    if (data[row - 1] === 0 || data[row] === 0 || data[row + 1] === 0) return false;
  return true;
}
