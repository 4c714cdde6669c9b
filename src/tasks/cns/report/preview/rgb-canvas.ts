/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** RGB pixels, row by row without padding. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Pixels to draw on: what an SVG drawing a frame would cost a hundred times more for. */
export class RgbCanvas implements RgbPicture {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8Array(width * height * 3);
  }

  /** Copies rows `fromRow` to `fromRow + rows` of a picture to (left, top); what lies outside the canvas is cut off. */
  blit(
    picture: RgbPicture,
    left: number,
    top: number,
    { fromRow = 0, rows = picture.height }: { fromRow?: number; rows?: number } = {},
  ): void {
    const columns = Math.min(picture.width, this.width - left);
    for (let y = 0; y < Math.min(rows, this.height - top, picture.height - fromRow); y++) {
      const from = 3 * (fromRow + y) * picture.width;
      this.data.set(picture.data.subarray(from, from + 3 * columns), 3 * ((top + y) * this.width + left));
    }
  }

  /** Fills a box; `opacity` 0 to 1. */
  fill(
    { left, top, width, height }: { left: number; top: number; width: number; height: number },
    colour: Rgb,
    opacity = 1,
  ): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.#mix(x, y, colour, opacity);
    }
  }

  /** The edge of a box, drawn inside it. */
  frame(
    box: { left: number; top: number; width: number; height: number },
    colour: Rgb,
    thickness: number,
  ): void {
    const { left, top, width, height } = box;
    this.fill({ left, top, width, height: thickness }, colour);
    this.fill({ left, top: top + height - thickness, width, height: thickness }, colour);
    this.fill({ left, top, width: thickness, height }, colour);
    this.fill({ left: left + width - thickness, top, width: thickness, height }, colour);
  }

  /** A line one pixel wide. */
  line(from: readonly [number, number], to: readonly [number, number], colour: Rgb, opacity: number): void {
    const steps = Math.max(1, Math.round(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))));
    for (let k = 0; k <= steps; k++) {
      const x = from[0] + ((to[0] - from[0]) * k) / steps;
      const y = from[1] + ((to[1] - from[1]) * k) / steps;
      this.#mix(Math.round(x), Math.round(y), colour, opacity);
    }
  }

  #mix(x: number, y: number, colour: Rgb, opacity: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = 3 * (y * this.width + x);
    for (let k = 0; k < 3; k++) this.data[at + k] += (colour[k] - this.data[at + k]) * opacity;
  }
}
