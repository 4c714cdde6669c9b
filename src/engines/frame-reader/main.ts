import { answerOrders } from '../../supervision/decoding-child.js';
import { workOnFrames } from './frame-work.js';
import { FRAMES_UNREADABLE } from './frame-reader-process.js';

/** Entry of a process that goes through frames of uploaded videos. */
answerOrders(workOnFrames, FRAMES_UNREADABLE);
