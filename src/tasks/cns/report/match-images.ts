import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeImage } from '../../../media/image-codec.js';
import { makeFolder } from '../../../storage/folders.js';
import type { FrameMatches } from '../../../servoing/frame-record.js';
import { matchColour } from './match-colour.js';
import { RgbCanvas, type Point } from '../../drawing/rgb-canvas.js';
import { drawTextRows } from '../../drawing/text-rows.js';
import type { Image } from '../../../vision/image/image.js';

const GAP = 8;
const CAPTION_HEIGHT = 30;
const FONT_SIZE = 14;
const FOLDER = 'matches';
/** Maximum lines drawn; more would hide the image. The caption gives the full number. */
const MAX_LINES = 150;
const LINE_OPACITY = 0.75;
const RING = { radius: 2.6, thickness: 1.4 };

/** Settings shared by the match images of a report. */
export interface MatchImageSetup {
  /** Folder of the report. */
  readonly folder: string;
  /** The goal frame at working size. */
  readonly goal: Image;
  /** Working size of the current frames. */
  readonly current: { readonly width: number; readonly height: number };
  /** Matches of the frames to draw. */
  readonly matches: readonly FrameMatches[];
}

/** Draws goal and current frame side by side with their matches, as JPEG files. */
export class MatchImages {
  readonly #setup: MatchImageSetup;
  readonly #canvas: RgbCanvas;
  /** Captions of all frames, one below the other. */
  readonly #captions: Image;
  readonly #written: string[] = [];

  private constructor(setup: MatchImageSetup, captions: Image) {
    const { goal, current } = setup;
    this.#setup = setup;
    this.#canvas = new RgbCanvas(captions.width, Math.max(goal.height, current.height) + CAPTION_HEIGHT);
    this.#captions = captions;
  }

  static async start(setup: MatchImageSetup): Promise<MatchImages> {
    const { goal, current, matches, folder } = setup;
    await makeFolder(path.join(folder, FOLDER));
    const currentLeft = goal.width + GAP;
    const rows = matches.map(({ frame, inliers, matches: all }) => [
      { text: 'goal', left: 10 },
      { text: `frame ${frame} — ${inliers} of ${all} matches agree`, left: currentLeft + 10 },
    ]);
    const layout = { width: currentLeft + current.width, height: CAPTION_HEIGHT, fontSize: FONT_SIZE };
    return new MatchImages(setup, await drawTextRows(rows, layout));
  }

  /** Names of the files written so far, relative to the report's folder. */
  get written(): readonly string[] {
    return this.#written;
  }

  /** Draws a frame if it is selected. */
  async offer(frame: number, image: Image): Promise<void> {
    const { matches, folder } = this.#setup;
    const row = matches.findIndex((one) => one.frame === frame);
    if (row < 0) return;
    this.#draw(image, matches[row], row);
    const name = `${FOLDER}/frame-${String(frame).padStart(6, '0')}.jpg`;
    await writeFile(
      path.join(folder, name),
      await encodeImage(this.#canvas, { format: 'jpeg', quick: true }),
    );
    this.#written.push(name);
  }

  #draw(image: Image, matches: FrameMatches, row: number): void {
    const canvas = this.#canvas;
    const { goal } = this.#setup;
    const left = goal.width + GAP;
    canvas.fill({ left: 0, top: 0, width: canvas.width, height: canvas.height }, [255, 255, 255]);
    canvas.blit(goal, 0, 0);
    canvas.blit(image, left, 0);
    const count = matches.goal.length / 2;
    const stride = Math.max(1, Math.ceil(count / MAX_LINES));
    for (let k = 0; k < count; k += stride) {
      const from: Point = [matches.goal[2 * k], matches.goal[2 * k + 1]];
      const to: Point = [matches.current[2 * k] + left, matches.current[2 * k + 1]];
      const colour = matchColour(from, goal);
      canvas.line(from, to, colour, LINE_OPACITY);
      for (const end of [from, to]) canvas.ring(end, RING.radius, RING.thickness, colour);
    }
    const fromRow = row * CAPTION_HEIGHT;
    canvas.blit(this.#captions, 0, canvas.height - CAPTION_HEIGHT, { fromRow, rows: CAPTION_HEIGHT });
  }
}
