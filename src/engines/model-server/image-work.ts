import type { ClassifyOptions, ImageSource } from '../../domain/network.js';
import type { DetectOptions } from '../../domain/detection.js';
import { decodeImage, type DecodedImage, type ImageLimits } from '../../media/image-decoder.js';
import { decodeRgb, type DecodedRgb } from '../../media/rgb-decoder.js';
import type { OpenNetwork } from '../../networks/open/open-network.js';
import type { NetworkWork } from './protocol.js';
import { noClassifier } from './refusals.js';

/** Work on an encoded image. */
export type ImageWork =
  | (Extract<NetworkWork, { kind: 'classify' }> & { readonly source: ImageSource })
  | Extract<NetworkWork, { kind: 'detect' }>;

/** Whether the work has an image that must be decoded. */
export const isImageWork = (work: NetworkWork): work is ImageWork =>
  work.kind !== 'infer' && work.source.kind === 'image';

/** A decoded image that waits for the detector. */
export interface ImageToDetect extends DecodedRgb {
  readonly options: DetectOptions;
}

/** A decoded image that waits for the network; classifications can be batched. */
type DecodedWork =
  | {
      readonly joinable: true;
      readonly options: ClassifyOptions;
      readonly image: DecodedImage;
      readonly search: null;
    }
  | {
      readonly joinable: false;
      readonly options: null;
      readonly image: null;
      readonly search: ImageToDetect;
    };

/** Maximum longer side of images for a detector, far more than the input of any network. */
const MAX_DETECTION_SIDE = 4096;

/**
 * Decodes an image, to the size of the classifier's input, or completely for a detector, which resizes it
 * itself.
 */
export async function decodeWork(
  { classifier }: Pick<OpenNetwork, 'classifier'>,
  work: ImageWork,
  limits: ImageLimits,
): Promise<DecodedWork> {
  const { bytes } = work.source;
  if (work.kind === 'detect') {
    const decoded = await decodeRgb(bytes, MAX_DETECTION_SIDE, limits);
    return { joinable: false, options: null, image: null, search: { ...decoded, options: work.options } };
  }
  if (!classifier) throw noClassifier();
  const image = await decodeImage(bytes, classifier.preprocessing.shape, limits);
  return { joinable: true, options: work.options, image, search: null };
}
