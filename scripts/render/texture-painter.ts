import type { Shape } from './shapes.js';
import { Texture } from './texture.js';
import type { Noise } from './value-noise.js';

// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { ceil, cos, floor, max, min, sin } = Math;

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** Position and style of a shape. Lengths in texels, angle in radians. */
export interface Stroke {
  readonly x: number;
  readonly y: number;
  /** Length of one unit of the shape. */
  readonly size: number;
  readonly angle: number;
  readonly colour: Colour;
  /** 0 (invisible) to 1 (opaque); default 1. */
  readonly opacity?: number;
  /** Maximum extent of the shape around its centre in units; default 1. */
  readonly reach?: number;
  /** Width of the soft edge; default one texel. */
  readonly softness?: number;
}

/** Paints antialiased shapes onto an RGB image. */
export class TexturePainter {
  readonly #rgb: Uint8ClampedArray;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.#rgb = new Uint8ClampedArray(width * height * 3);
  }

  /** The current image: row-major RGB bytes, read-only. */
  get pixels(): Readonly<Uint8ClampedArray> {
    return this.#rgb;
  }

  /** Replaces the current image by one of the same size. */
  fill(rgb: Uint8ClampedArray): void {
    this.#rgb.set(rgb);
  }

  /** Fills the image with a blend of two colours by a noise whose cells are `cell` texels wide. */
  fillNoise(noise: Noise, cell: number, [low, high]: readonly [Colour, Colour]): void {
    for (let y = 0, i = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, i += 3) {
        const share = noise(x / cell, y / cell);
        for (let channel = 0; channel < 3; channel++) {
          this.#rgb[i + channel] = low[channel] + (high[channel] - low[channel]) * share;
        }
      }
    }
  }

  /** Modulates the brightness of every texel by up to `strength` (share of its value). */
  modulate(noise: Noise, cell: number, strength: number): void {
    for (let y = 0, i = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, i += 3) {
        const factor = 1 + strength * (2 * noise(x / cell, y / cell) - 1);
        for (let channel = 0; channel < 3; channel++) this.#rgb[i + channel] *= factor;
      }
    }
  }

  /** Draws one shape. */
  draw(shape: Shape, stroke: Stroke): void {
    const { x: centreX, y: centreY, size, opacity = 1, reach = 1, softness = 1 } = stroke;
    const radius = size * reach + softness;
    const cosine = cos(stroke.angle) / size;
    const sine = sin(stroke.angle) / size;
    const lastX = min(this.width - 1, floor(centreX + radius));
    const lastY = min(this.height - 1, floor(centreY + radius));
    for (let y = max(0, ceil(centreY - radius)); y <= lastY; y++) {
      for (let x = max(0, ceil(centreX - radius)); x <= lastX; x++) {
        const dx = x - centreX;
        const dy = y - centreY;
        const distance = shape(dx * cosine + dy * sine, dy * cosine - dx * sine) * size;
        const cover = min(1, max(0, 0.5 - distance / softness)) * opacity;
        if (cover > 0) this.#blend((y * this.width + x) * 3, stroke.colour, cover);
      }
    }
  }

  /** The finished image with its mip levels. */
  finish(): Texture {
    return new Texture({ width: this.width, height: this.height, rgb: this.#rgb });
  }

  #blend(index: number, colour: Colour, cover: number): void {
    for (let channel = 0; channel < 3; channel++) {
      const old = this.#rgb[index + channel];
      this.#rgb[index + channel] = old + (colour[channel] - old) * cover;
    }
  }
}
