import type { Image } from '../image/image.js';
import type { Agreement } from './agreement.js';
import { follow } from './motion-field.js';
import { samplerOf, type PixelSource, type PropagationTarget } from './pixel-source.js';
import type { Surroundings } from './surroundings.js';

/** A source and its agreement with the surroundings of the hole. */
export interface AgreeingSource {
  readonly source: PixelSource;
  readonly agreement: Agreement;
}

/** Upper limit of sources per pixel. */
const MAX_VOTES = 5;

/**
 * Fills the wanted pixels from other images: the per-channel median of the first few sources that are usable there,
 * each corrected to the target's brightness. A source is skipped where it disagrees with the nearby border.
 * @param out receives the colours; other pixels are unchanged
 * @returns mask of the pixels that were filled
 */
export function propagate(
  { image: { width }, wanted }: PropagationTarget,
  sources: readonly AgreeingSource[],
  { around, out }: { readonly around: Surroundings; readonly out: Image },
): Uint8Array {
  const found = new Uint8Array(wanted.data.length);
  const readers = sources.map(({ source }) => samplerOf(source));
  const colour = new Float64Array(3);
  const place = new Float64Array(2);
  const votes = [0, 1, 2].map(() => new Float64Array(MAX_VOTES));
  for (let pixel = 0; pixel < found.length; pixel += 1) {
    if (wanted.data[pixel] === 0) continue;
    const x = pixel % width;
    const y = (pixel - x) / width;
    let count = 0;
    for (let index = 0; index < sources.length && count < MAX_VOTES; index += 1) {
      const { agreement, source } = sources[index];
      if (around.at(agreement.difference, x, y) > agreement.most) continue;
      follow(source.motion, x, y, place);
      if (!readers[index](place[0], place[1], colour)) continue;
      for (let channel = 0; channel < 3; channel += 1)
        votes[channel][count] = colour[channel] + around.at(agreement.light[channel], x, y);
      count += 1;
    }
    if (count === 0) continue;
    votes.forEach((channel, at) => {
      const sorted = channel.slice(0, count).sort();
      const middle = (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2;
      out.data[3 * pixel + at] = Math.max(0, Math.min(255, Math.round(middle)));
    });
    found[pixel] = 255;
  }
  return found;
}
