import { answerRequests } from '../../supervision/file-child.js';
import { takePicture } from '../../media/picture-intake.js';

/** Entry of the process that decodes users' pictures; one request at a time. */
answerRequests(takePicture, {
  code: 'IMAGE_FAILED',
  message: 'The picture could not be processed.',
});
