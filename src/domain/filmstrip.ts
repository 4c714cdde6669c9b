/** Videos with fewer frames are shown more densely. */
const LONG_VIDEO_FRAMES = 2400;
const STEP = 100;
const LONG_STEP = 300;

/** A frame of a filmstrip. */
interface FilmstripFrame {
  /** Index in the video, from 0. */
  readonly index: number;
  /** Seconds after the video's first frame. */
  readonly seconds: number;
}

/** A filmstrip: frames at regular distances, and the same frames as tiles of larger images, for players. */
export interface FilmstripFacts {
  readonly frames: readonly FilmstripFrame[];
  /** Seconds from the first frame to the end of the last one. */
  readonly durationSeconds: number;
  /** Size of a frame's file in pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of a tile in pixels, and tiles per row and per sheet. */
  readonly tile: {
    readonly width: number;
    readonly height: number;
    readonly columns: number;
    readonly perSheet: number;
  };
}

/** Distance between two frames of a filmstrip: 100 in videos of fewer than 2400 frames, otherwise 300. */
export const filmstripStep = (frameCount: number): number =>
  frameCount < LONG_VIDEO_FRAMES ? STEP : LONG_STEP;

/**
 * Indices of the frames of a filmstrip, ascending: every 100th or 300th frame from the first one on, and always the last.
 * @param frameCount frames of the video, at least 1
 */
export function filmstripFrames(frameCount: number): readonly number[] {
  const step = filmstripStep(frameCount);
  const regular = Array.from({ length: Math.ceil(frameCount / step) }, (_, position) => position * step);
  const last = frameCount - 1;
  return regular.at(-1) === last ? regular : [...regular, last];
}

/** Position of a tile: number of its sheet, and pixels from the sheet's corner. */
export function tileOf(
  position: number,
  { width, height, columns, perSheet }: FilmstripFacts['tile'],
): { readonly sheet: number; readonly left: number; readonly top: number } {
  const within = position % perSheet;
  return {
    sheet: Math.floor(position / perSheet),
    left: (within % columns) * width,
    top: Math.floor(within / columns) * height,
  };
}

/** Number of sheets of a filmstrip. */
export const sheetsOf = ({ frames, tile }: FilmstripFacts): number =>
  Math.ceil(frames.length / tile.perSheet);

/** Name of a sheet among the files of its filmstrip. */
export const sheetVariant = (sheet: number): string => `sheet-${sheet}`;

/** Shortest time for which a cue is shown; WebVTT counts milliseconds, and a cue must end after it starts. */
const MIN_CUE_SECONDS = 0.001;

/**
 * The filmstrip as WebVTT metadata: each cue names the tile to show while a player's pointer is at its time. A cue lasts
 * until the next one, the last to the end of the video.
 * @param sheetUrl address of a sheet
 */
export function filmstripVtt(filmstrip: FilmstripFacts, sheetUrl: (sheet: number) => string): string {
  const { frames, durationSeconds, tile } = filmstrip;
  const cues = frames.map(({ seconds }, position) => {
    const end = Math.max(frames[position + 1]?.seconds ?? durationSeconds, seconds + MIN_CUE_SECONDS);
    const { sheet, left, top } = tileOf(position, tile);
    const place = `#xywh=${left},${top},${tile.width},${tile.height}`;
    return `${vttTime(seconds)} --> ${vttTime(end)}\n${sheetUrl(sheet)}${place}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

/** A WebVTT timestamp: hours with at least two digits, minutes, seconds, milliseconds. */
function vttTime(seconds: number): string {
  const milliseconds = Math.max(0, Math.round(seconds * 1000));
  const part = (divisor: number, modulus: number, digits: number): string =>
    String(Math.floor(milliseconds / divisor) % modulus).padStart(digits, '0');
  const hours = String(Math.floor(milliseconds / 3_600_000)).padStart(2, '0');
  return `${hours}:${part(60_000, 60, 2)}:${part(1000, 60, 2)}.${part(1, 1000, 3)}`;
}
