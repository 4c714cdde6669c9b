import type { Environment } from '../config/environment.js';
import { notFound } from '../errors/common-errors.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import { decodePictures } from '../media/frame-picture.js';
import { probeVideo } from '../media/probe.js';
import type { FramePictures } from '../services/dataset-file.service.js';

/** Decodes single frames in confined FFmpeg children; only raw pixels reach this process. */
export function createFramePictures(
  tools: FfmpegTools,
  limits: Pick<Environment, 'UPLOAD_MAX_PIXELS' | 'UPLOAD_MAX_FRAMES'>,
): FramePictures {
  const videoLimits = { maxPixels: limits.UPLOAD_MAX_PIXELS, maxFrames: limits.UPLOAD_MAX_FRAMES };
  return {
    png: async (file, index, signal) => {
      const probe = await probeVideo(file, { tools, limits: videoLimits, signal });
      const workingSize = { width: probe.width, height: probe.height };
      const pictures = decodePictures({ path: file, probe, workingSize, tools, signal, indices: [index] });
      const { encodePicture } = await import('../media/image-codec.js');
      for await (const picture of pictures) return encodePicture(picture);
      throw notFound('Frame', String(index));
    },
  };
}
