import { answerRequests } from '../../supervision/file-child.js';
import { drawMask, importImage, type ImageRequest, type ImportedImage } from '../../media/image-intake.js';

const answer = (request: ImageRequest): Promise<ImportedImage> =>
  'shapes' in request ? drawMask(request) : importImage(request);

/** Entry point of the process that decodes users' images and draws masks, one request at a time. */
answerRequests(answer, {
  code: 'IMAGE_FAILED',
  message: 'The image could not be processed.',
});
