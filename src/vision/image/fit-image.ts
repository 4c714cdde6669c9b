import type { Image } from './image.js';

/** Input size of a graph: fixed, or any multiple of a number of pixels within bounds. */
export type InputSize =
  | { readonly width: number; readonly height: number }
  | { readonly multipleOf: number; readonly min: number; readonly max: number };

/** An image scaled and padded to the input size of a graph. */
export interface FittedImage {
  readonly image: Image;
  /** Pixels of the graph's input per pixel of the image, at most 1. */
  readonly scale: number;
  /** Size of the part of the input that shows the image, from the top left corner. */
  readonly shown: { readonly width: number; readonly height: number };
}

/** Scales an image down when needed and pads it to the right and below by repeating its last column and row. */
export function fitImage(image: Image, size: InputSize): FittedImage {
  const { width, height } = image;
  const most = 'max' in size ? { width: size.max, height: size.max } : size;
  const scale = Math.min(1, most.width / width, most.height / height);
  const shown = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const scaled = scale === 1 ? image : averageDown(image, shown);
  return { image: extend(scaled, inputSize(shown, size)), scale, shown };
}

function inputSize(shown: { readonly width: number; readonly height: number }, size: InputSize) {
  if (!('multipleOf' in size)) return size;
  const whole = (side: number): number =>
    Math.ceil(Math.max(side, size.min) / size.multipleOf) * size.multipleOf;
  return { width: whole(shown.width), height: whole(shown.height) };
}

function extend({ width, height, data }: Image, size: { width: number; height: number }): Image {
  if (size.width === width && size.height === height) return { width, height, data };
  const extended = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const start = y * size.width;
    if (y >= height) {
      extended.copyWithin(start, start - size.width, start);
      continue;
    }
    extended.set(data.subarray(y * width, (y + 1) * width), start);
    extended.fill(data[(y + 1) * width - 1], start + width, start + size.width);
  }
  return { ...size, data: extended };
}

/**
 * Exact area mean, first along x, then along y: for keypoint networks, whose points are measured in fractions of these
 * pixels.
 */
function averageDown(image: Image, size: { width: number; height: number }): Image {
  const across = new Float32Array(size.width * image.height);
  averageLines(image.data, across, {
    lines: image.height,
    from: { count: image.width, step: 1, lineStep: image.width },
    to: { count: size.width, step: 1, lineStep: size.width },
  });
  const down = new Float32Array(size.width * size.height);
  averageLines(across, down, {
    lines: size.width,
    from: { count: image.height, step: size.width, lineStep: 1 },
    to: { count: size.height, step: size.width, lineStep: 1 },
  });
  return { ...size, data: Uint8Array.from(down, Math.round) };
}

interface Lines {
  readonly count: number;
  readonly step: number;
  readonly lineStep: number;
}

function averageLines(
  source: ArrayLike<number>,
  target: Float32Array,
  { lines, from, to }: { lines: number; from: Lines; to: Lines },
): void {
  const ratio = from.count / to.count;
  for (let i = 0; i < to.count; i++) {
    const [start, end] = [i * ratio, Math.min((i + 1) * ratio, from.count)];
    for (let k = Math.floor(start); k < end; k++) {
      const weight = (Math.min(k + 1, end) - Math.max(k, start)) / ratio;
      for (let line = 0; line < lines; line++) {
        target[line * to.lineStep + i * to.step] += weight * source[line * from.lineStep + k * from.step];
      }
    }
  }
}
