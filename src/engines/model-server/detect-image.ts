import type { Detection } from '../../domain/detection.js';
import type { Detector } from '../../networks/detection/detector.js';
import type { ImageToSearch } from './image-work.js';

/** The objects of an image, in pixels of the file that it came from: what was decoded may be smaller. */
export async function detectImage(
  detector: Detector,
  { image, source, options }: ImageToSearch,
): Promise<Detection[]> {
  const found = await detector.detect(image, options);
  const [across, down] = [source.width / image.width, source.height / image.height];
  return found.map(({ box, ...object }) => ({
    ...object,
    box: { x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down },
  }));
}
