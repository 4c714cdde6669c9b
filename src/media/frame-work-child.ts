import { answerOrders } from './decoding-child.js';
import { workOnFrames } from './frame-work.js';

/** Entry of a process that goes through frames of uploaded videos. */
answerOrders(workOnFrames, {
  code: 'MASK_FAILED',
  kind: 'internal',
  message: 'The frames of the video could not be read.',
  details: {},
});
