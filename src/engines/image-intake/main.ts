import { answerRequests } from '../../supervision/file-child.js';
import { takeImage } from '../../media/image-intake.js';

/** Entry of the process that decodes users' images; one request at a time. */
answerRequests(takeImage, {
  code: 'IMAGE_FAILED',
  message: 'The image could not be processed.',
});
