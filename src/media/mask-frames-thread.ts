import { parentPort } from 'node:worker_threads';
import { MaskFrames, type FrameOrder } from './mask-frames.js';

const frames = new MaskFrames();

// An error ends the thread; whoever waits for an answer is told by it.
parentPort?.on('message', (order: FrameOrder) => parentPort?.postMessage(frames.answer(order)));
