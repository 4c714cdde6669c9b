import type { Image } from '../../vision/image/image.js';
import type { Box } from '../../vision/image/box.js';
/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Position in pixels, x to the right and y down; (0, 0) is the centre of the top left pixel. */
export type Point = readonly [number, number];

/** Half the width of the antialiased edge of a drawn line, in pixels. */
const SOFTNESS = 0.5;

/** A drawing surface in memory; rendering an SVG per frame would take a hundred times longer. */
export class RgbCanvas implements Image {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8Array(width * height * 3);
  }

  /** Copies rows `fromRow` to `fromRow + rows` of an image to (left, top). */
  blit(
    image: Image,
    left: number,
    top: number,
    { fromRow = 0, rows = image.height }: { fromRow?: number; rows?: number } = {},
  ): void {
    const columns = Math.min(image.width, this.width - left);
    for (let y = 0; y < Math.min(rows, this.height - top, image.height - fromRow); y++) {
      const from = 3 * (fromRow + y) * image.width;
      this.data.set(image.data.subarray(from, from + 3 * columns), 3 * ((top + y) * this.width + left));
    }
  }

  /** Fills a box; `opacity` 0 to 1. */
  fill(box: Box, colour: Rgb, opacity = 1): void {
    const [left, right] = [Math.max(0, box.left), Math.min(this.width, box.left + box.width)];
    const [top, bottom] = [Math.max(0, box.top), Math.min(this.height, box.top + box.height)];
    if (left >= right || top >= bottom) return;
    if (opacity < 1) {
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) this.#mix(x, y, colour, opacity);
      return;
    }
    const first = 3 * (top * this.width + left);
    const bytes = 3 * (right - left);
    for (let at = first; at < first + bytes; at += 3) this.data.set(colour, at);
    for (let y = top + 1; y < bottom; y++)
      this.data.copyWithin(3 * (y * this.width + left), first, first + bytes);
  }

  /** Draws the outline of a box, inside its edges. */
  frame({ left, top, width, height }: Box, colour: Rgb, thickness: number): void {
    this.fill({ left, top, width, height: thickness }, colour);
    this.fill({ left, top: top + height - thickness, width, height: thickness }, colour);
    this.fill({ left, top, width: thickness, height }, colour);
    this.fill({ left: left + width - thickness, top, width: thickness, height }, colour);
  }

  /**
   * Draws an antialiased line one pixel wide: each step along its longer axis is shared between the two nearest pixels.
   */
  line(from: Point, to: Point, colour: Rgb, opacity: number): void {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const steps = Math.max(1, Math.round(Math.max(Math.abs(dx), Math.abs(dy))));
    const flat = Math.abs(dx) >= Math.abs(dy);
    for (let k = 0; k <= steps; k++) {
      const x = from[0] + (dx * k) / steps;
      const y = from[1] + (dy * k) / steps;
      const across = flat ? y : x;
      const along = Math.round(flat ? x : y);
      const near = Math.floor(across);
      const share = across - near;
      this.#mix(flat ? along : near, flat ? near : along, colour, opacity * (1 - share));
      this.#mix(flat ? along : near + 1, flat ? near + 1 : along, colour, opacity * share);
    }
  }

  /** Draws an antialiased circle; `thickness` of its line in pixels. */
  ring([x, y]: Point, radius: number, thickness: number, colour: Rgb): void {
    const reach = Math.ceil(radius + thickness);
    for (let row = Math.floor(y) - reach; row <= y + reach; row++) {
      for (let column = Math.floor(x) - reach; column <= x + reach; column++) {
        const off = Math.abs(Math.hypot(column - x, row - y) - radius);
        const cover = thickness / 2 + SOFTNESS - off;
        if (cover > 0) this.#mix(column, row, colour, Math.min(1, cover));
      }
    }
  }

  #mix(x: number, y: number, colour: Rgb, opacity: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const { data } = this;
    const at = 3 * (y * this.width + x);
    data[at] += (colour[0] - data[at]) * opacity;
    data[at + 1] += (colour[1] - data[at + 1]) * opacity;
    data[at + 2] += (colour[2] - data[at + 2]) * opacity;
  }
}
