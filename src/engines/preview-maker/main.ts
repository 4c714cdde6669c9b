import os from 'node:os';
import { answerRequests } from '../../supervision/file-child.js';
import { PREVIEW_LOST } from './preview-maker-process.js';
import { makePreview } from './preview-work.js';

/**
 * Entry point of the process that makes previews, one after the other. It and its FFmpeg take what requests and jobs leave
 * of the processor.
 */
os.setPriority(os.constants.priority.PRIORITY_LOW);
answerRequests(makePreview, PREVIEW_LOST);
