import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  filmstripFrames,
  filmstripStep,
  sheetVariant,
  tileOf,
  type FilmstripFacts,
} from '../../domain/filmstrip.js';
import { AppError } from '../../errors/app-error.js';
import type { Image, Size } from '../../vision/image/image.js';
import { frameTime } from '../frame-plan.js';
import { decodeRaw, openFrameStream } from '../frame-stream.js';
import { encodeImage, resizeImage } from '../image-codec.js';
import type { MadeFile, MadePreview } from './made-preview.js';
import { sizeInside, type OpenedVideo } from './preview-source.js';
import { madeFile, SCREEN } from './thumbnails.js';

const QUALITY = 85;
const TILE: Size = { width: 160, height: 160 };
const COLUMNS = 10;
const TILES_PER_SHEET = 100;
const RGB = 3;

/**
 * Writes the filmstrip of a video in one pass over it: a JPEG per frame, and sheets of small tiles for players.
 * @throws AppError FRAMES_MISSING (invalid) when frames cannot be decoded, and as `openFrameStream` does
 */
export async function makeFilmstrip(video: OpenedVideo, folder: string): Promise<MadePreview> {
  const { probe } = video;
  const indices = filmstripFrames(probe.frameCount);
  const size = sizeInside(video.shown, SCREEN);
  const tileSize = sizeInside(size, TILE);
  const sheets = new TileSheets(tileSize, folder, indices.length);
  const files: MadeFile[] = [];
  let position = 0;
  for await (const data of stripFrames(video, indices, size)) {
    const image = { ...size, data };
    const file = join(folder, `${position}.jpg`);
    await writeFile(file, await encodeImage(image, { format: 'jpeg', quality: QUALITY }), { mode: 0o600 });
    files.push(await madeFile(String(position), file, size));
    await sheets.add(await resizeImage(image, tileSize));
    position += 1;
  }
  if (position < indices.length) throw framesMissing(indices.length, position);
  const filmstrip: FilmstripFacts = {
    frames: indices.map((index) => ({ index, seconds: secondsOf(index, video) })),
    durationSeconds: milliseconds(probe.durationSeconds),
    ...size,
    tile: { ...tileSize, columns: COLUMNS, perSheet: TILES_PER_SHEET },
  };
  return { files: [...files, ...sheets.files], facts: { filmstrip } };
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;
const secondsOf = (index: number, { probe }: OpenedVideo): number => milliseconds(frameTime(index, probe));

/** The frames of a filmstrip in order, from one run of FFmpeg. */
async function* stripFrames(
  video: OpenedVideo,
  indices: readonly number[],
  size: Size,
): AsyncGenerator<Uint8Array> {
  const { path, probe, input, colours, tools } = video;
  const last = probe.frameCount - 1;
  if (probe.seekMode === 'all') {
    // FFmpeg restarts its count where the size of frames changes, so frames are counted here.
    const plan = { start: 0, end: probe.frameCount, step: 1 };
    const frames = openFrameStream({
      ...{ path, probe, plan, colours, tools },
      workingSize: size,
      format: 'rgb24',
    });
    const wanted = new Set(indices);
    for await (const { index, data } of frames) if (wanted.has(index)) yield data;
    return;
  }
  yield* decodeRaw(
    {
      input,
      select: `not(mod(n,${filmstripStep(probe.frameCount)}))+eq(n,${last})`,
      count: indices.length,
      size,
      format: 'rgb24',
      colours,
    },
    { tools },
  );
}

/** Collects tiles and writes a sheet whenever one is full. */
class TileSheets {
  readonly files: MadeFile[] = [];
  readonly #tile: Size;
  readonly #folder: string;
  readonly #total: number;
  #sheet: Image | undefined;
  #added = 0;

  constructor(tile: Size, folder: string, total: number) {
    this.#tile = tile;
    this.#folder = folder;
    this.#total = total;
  }

  async add({ data }: Image): Promise<void> {
    const { width, height } = this.#tile;
    const place = { width, height, columns: COLUMNS, perSheet: TILES_PER_SHEET };
    const { left, top } = tileOf(this.#added, place);
    const sheet = (this.#sheet ??= this.#emptySheet());
    for (let row = 0; row < height; row += 1) {
      const start = RGB * ((top + row) * sheet.width + left);
      sheet.data.set(data.subarray(RGB * row * width, RGB * (row + 1) * width), start);
    }
    this.#added += 1;
    if (this.#added % TILES_PER_SHEET === 0 || this.#added === this.#total) await this.#write(sheet);
  }

  /** The last sheet has no empty rows, and a single row no empty columns. */
  #emptySheet(): Image {
    const tiles = Math.min(TILES_PER_SHEET, this.#total - this.#added);
    const width = this.#tile.width * Math.min(COLUMNS, tiles);
    const height = this.#tile.height * Math.ceil(tiles / COLUMNS);
    return { width, height, data: new Uint8Array(RGB * width * height) };
  }

  async #write(sheet: Image): Promise<void> {
    const variant = sheetVariant(this.files.length);
    const file = join(this.#folder, `${variant}.jpg`);
    await writeFile(file, await encodeImage(sheet, { format: 'jpeg', quality: QUALITY }), { mode: 0o600 });
    this.files.push(await madeFile(variant, file, sheet));
    this.#sheet = undefined;
  }
}

const framesMissing = (planned: number, delivered: number): AppError =>
  new AppError('FRAMES_MISSING', {
    message: `Only ${delivered} of the ${planned} frames of the filmstrip could be decoded; the video is damaged.`,
    details: { planned, delivered },
  });
