import { answerRequests } from '../../supervision/file-child.js';
import { workOnFrames } from './frame-work.js';
import { FRAMES_UNREADABLE } from './frame-reader-process.js';

/** Entry of a process that goes through frames of uploaded videos. */
answerRequests(workOnFrames, FRAMES_UNREADABLE);
