import { rasteriseSvg } from '../../media/image-codec.js';
import { element, label } from './svg.js';
import type { Image } from '../../vision/image/image.js';

/** One piece of text in a row. */
export interface RowText {
  readonly text: string;
  /** Pixels from the left. */
  readonly left: number;
  /** CSS colour; default near white. */
  readonly colour?: string;
}

/** Size of each row and of its text, in pixels. */
export interface RowLayout {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
}

/** Rows rendered together: one large image is faster than many small ones, but the renderer rejects very tall ones. */
const ROWS_PER_SHEET = 100;
const GROUND = '#1a202c';
const TEXT = '#f7fafc';
/**
 * Distance of the text baseline below the middle of the row, as a multiple of the font size; centres capitals
 * vertically.
 */
const BASELINE = 0.36;

/** Renders rows of light text on a dark background, stacked vertically. */
export async function drawTextRows(rows: readonly (readonly RowText[])[], layout: RowLayout): Promise<Image> {
  const data = new Uint8Array(3 * layout.width * layout.height * rows.length);
  for (let start = 0; start < rows.length; start += ROWS_PER_SHEET) {
    const sheet = await drawSheet(rows.slice(start, start + ROWS_PER_SHEET), layout);
    data.set(sheet.data, 3 * layout.width * layout.height * start);
  }
  return { width: layout.width, height: layout.height * rows.length, data };
}

function drawSheet(
  rows: readonly (readonly RowText[])[],
  { width, height: rowHeight, fontSize }: RowLayout,
): Promise<Image> {
  const height = rows.length * rowHeight;
  const labels = rows.flatMap((texts, row) => {
    const y = row * rowHeight + Math.round(rowHeight / 2 + BASELINE * fontSize);
    return texts.map(({ text, left, colour = TEXT }) =>
      label(text, { x: left, y, 'font-size': fontSize, fill: colour }),
    );
  });
  const ground = element('rect', { width, height, fill: GROUND });
  const svg = { xmlns: 'http://www.w3.org/2000/svg', width, height };
  return rasteriseSvg(element('svg', svg, ground + labels.join('')));
}
