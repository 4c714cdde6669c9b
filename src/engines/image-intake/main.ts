import { answerRequests } from '../../supervision/file-child.js';
import { importImage } from '../../media/image-intake.js';

/** Entry point of the process that decodes users' images, one request at a time. */
answerRequests(importImage, {
  code: 'IMAGE_FAILED',
  message: 'The image could not be processed.',
});
