import { rasteriseSvg, resizeImage } from '../../media/image-codec.js';
import type { Detection } from '../../domain/detection.js';
import { cutImage } from '../../vision/image/cut-and-paste.js';
import type { Image } from '../../vision/image/image.js';
import { RgbCanvas, type Rgb } from '../drawing/rgb-canvas.js';
import { element, label as text } from '../drawing/svg.js';

/** Long side of annotated images; JSON and CSV give the boxes in pixels of the original. */
export const ANNOTATED_SIDE = 1280;
const FONT_SIZE = 14;
const TAG_HEIGHT = 20;
const TAG_MARGIN = 5;
/** Minimum difference, in grey levels, between text and the background of its tag. */
const MIN_CONTRAST = 40;
/** Maximum letter width as a multiple of the font size; letters of other scripts are square. */
const LATIN = 0.72;
const SQUARE = 1.05;
/** First character after the Latin, Greek and Cyrillic blocks. */
const SQUARE_FROM = '\u0500';
const MAX_LETTERS = 40;
/** Maximum cached tags: rendering one is expensive, and most reappear in the next frame. */
const MAX_TAGS = 500;
/** Hue step between labels: the golden angle keeps neighbouring labels distinguishable. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
const BLACK: Rgb = [0, 0, 0];

/** Colour of a label's boxes; the same in all images. */
function labelColour(index: number): Rgb {
  const channel = (shift: number): number =>
    Math.round(150 + 105 * Math.cos(index * GOLDEN_ANGLE - (shift * 2 * Math.PI) / 3));
  return [channel(0), channel(1), channel(2)];
}

/** Draws boxes with labels and scores. One instance serves all images of a job, to share the tag cache. */
export class Annotator {
  readonly #tags = new Map<string, Image>();

  /**
   * @param image the image that the boxes refer to
   * @param size size of the drawing
   */
  async draw(
    image: Image,
    detections: readonly Detection[],
    size: { readonly width: number; readonly height: number },
  ): Promise<RgbCanvas> {
    const canvas = new RgbCanvas(size.width, size.height);
    canvas.blit(await resizeImage(image, size), 0, 0);
    const scale = { x: size.width / image.width, y: size.height / image.height };
    // Drawn in ascending order of score, so that the best ones are on top.
    for (const detection of detections.toReversed()) await this.#draw(canvas, detection, scale);
    return canvas;
  }

  async #draw(
    canvas: RgbCanvas,
    { box, label, labelIndex, score }: Detection,
    scale: { x: number; y: number },
  ) {
    const colour = labelColour(labelIndex);
    const left = Math.round(box.x * scale.x);
    const top = Math.round(box.y * scale.y);
    const width = Math.max(1, Math.round((box.x + box.width) * scale.x) - left);
    const height = Math.max(1, Math.round((box.y + box.height) * scale.y) - top);
    const thickness = Math.max(2, Math.round(Math.max(canvas.width, canvas.height) / 400));
    canvas.frame({ left, top, width, height }, colour, Math.min(thickness, width, height));
    const tag = await this.#tag(`${shortened(label)} ${score.toFixed(2)}`, colour);
    const tagLeft = Math.max(0, Math.min(left, canvas.width - tag.width));
    canvas.blit(tag, tagLeft, top >= TAG_HEIGHT ? top - TAG_HEIGHT : Math.min(top, canvas.height - 1));
  }

  async #tag(content: string, colour: Rgb): Promise<Image> {
    const key = `${colour.join()} ${content}`;
    const known = this.#tags.get(key);
    if (known) return known;
    if (this.#tags.size >= MAX_TAGS) this.#tags.clear();
    const tag = await drawTag(content, colour);
    this.#tags.set(key, tag);
    return tag;
  }
}

const shortened = (label: string): string => {
  const letters = Array.from(label);
  return letters.length <= MAX_LETTERS ? label : `${letters.slice(0, MAX_LETTERS - 1).join('')}…`;
};

async function drawTag(content: string, colour: Rgb): Promise<Image> {
  const letters = Array.from(content).map((letter) => (letter < SQUARE_FROM ? LATIN : SQUARE));
  const inner = letters.reduce((sum, width) => sum + width * FONT_SIZE, 0);
  const width = Math.ceil(inner) + 2 * TAG_MARGIN;
  const ground = element('rect', { width, height: TAG_HEIGHT, fill: `rgb(${colour.join()})` });
  const [red, green, blue] = colour;
  const bright = 0.299 * red + 0.587 * green + 0.114 * blue > 140;
  const words = text(content, {
    x: TAG_MARGIN,
    y: Math.round(TAG_HEIGHT / 2 + 0.36 * FONT_SIZE),
    'font-size': FONT_SIZE,
    fill: bright ? `rgb(${BLACK.join()})` : 'white',
  });
  const svg = { xmlns: 'http://www.w3.org/2000/svg', width, height: TAG_HEIGHT };
  return fitted(await rasteriseSvg(element('svg', svg, ground + words)), colour);
}

/** Crops a tag to the width of its text, which is only known after rendering, because fonts differ between machines. */
function fitted(tag: Image, colour: Rgb): Image {
  const { width, height, data } = tag;
  const isText = (x: number, y: number): boolean =>
    colour.some((channel, at) => Math.abs(data[3 * (y * width + x) + at] - channel) > MIN_CONTRAST);
  const rows = Array.from({ length: height }, (_, y) => y);
  let last = width - 1;
  while (last > 0 && !rows.some((y) => isText(last, y))) last -= 1;
  return cutImage(tag, { left: 0, top: 0, width: Math.min(width, last + 1 + TAG_MARGIN), height });
}
