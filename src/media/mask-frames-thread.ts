import { parentPort } from 'node:worker_threads';
import { MaskFrames, type FrameOrder } from './mask-frames.js';

const frames = new MaskFrames();

// An error ends the thread; the caller's pending answer rejects with it.
parentPort?.on('message', (order: FrameOrder) => parentPort?.postMessage(frames.answer(order)));
