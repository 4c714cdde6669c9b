import type { Detection } from '../../domain/detection.js';
import type { Detector } from '../../networks/detection/detector.js';
import type { ImageToDetect } from './image-work.js';

/**
 * Detects objects, with boxes in pixels of the original image, which may have been reduced when it was
 * decoded.
 */
export async function detectImage(
  detector: Detector,
  { image, source, options }: ImageToDetect,
): Promise<Detection[]> {
  const found = await detector.detect(image, options);
  const [across, down] = [source.width / image.width, source.height / image.height];
  return found.map(({ box, ...object }) => ({
    ...object,
    box: { x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down },
  }));
}
