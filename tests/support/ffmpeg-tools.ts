import { locateFfmpeg, type FfmpegTools } from '../../src/media/ffmpeg-locate.js';

let tools: Promise<FfmpegTools> | undefined;

/** FFmpeg as the product finds it, looked for once by a test file: each look starts both programs. */
export const ffmpegTools = (): Promise<FfmpegTools> => (tools ??= locateFfmpeg());
