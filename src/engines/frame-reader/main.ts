import { answerRequests } from '../../supervision/file-child.js';
import { workOnFrames } from './frame-work.js';
import { FRAMES_UNREADABLE } from './frame-reader-process.js';

/** Entry point of a process that reads frames of uploaded videos. */
answerRequests(workOnFrames, FRAMES_UNREADABLE);
