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

/** Whether work comes with an image that has to be decoded. */
export const isImageWork = (work: NetworkWork): work is ImageWork =>
  work.kind !== 'infer' && work.source.kind === 'image';

/** A whole image that waits for the detector. */
export interface ImageToSearch extends DecodedRgb {
  readonly options: DetectOptions;
}

/** An image that waits for the network; classifications may run together. */
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
      readonly search: ImageToSearch;
    };

/** Longer side of the images that a detector gets: far more than any network's input has. */
const LONGEST_SEARCHED = 4096;

/** Decodes to the size of the classifier's input, or as a whole for a detector, which places it in its input itself. */
export async function decodeWork(
  { classifier }: Pick<OpenNetwork, 'classifier'>,
  work: ImageWork,
  limits: ImageLimits,
): Promise<DecodedWork> {
  const { bytes } = work.source;
  if (work.kind === 'detect') {
    const decoded = await decodeRgb(bytes, LONGEST_SEARCHED, limits);
    return { joinable: false, options: null, image: null, search: { ...decoded, options: work.options } };
  }
  if (!classifier) throw noClassifier();
  const image = await decodeImage(bytes, classifier.preprocessing.shape, limits);
  return { joinable: true, options: work.options, image, search: null };
}
