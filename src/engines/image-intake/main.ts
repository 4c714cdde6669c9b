import { answerOrders } from '../../supervision/decoding-child.js';
import { takePicture } from '../../media/picture-intake.js';

/** Entry of the process that decodes users' pictures; one order at a time. */
answerOrders(takePicture, {
  code: 'IMAGE_FAILED',
  kind: 'internal',
  message: 'The picture could not be processed.',
  details: {},
});
