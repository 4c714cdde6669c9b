import { notFound } from '../errors/common-errors.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import { decodePictures } from '../media/frame-picture.js';
import { probeStoredVideo } from '../media/stored-video.js';
import type { FramePictures } from '../services/dataset-file.service.js';

/** Decodes single frames in confined FFmpeg children; only raw pixels reach this process. */
export function createFramePictures(tools: FfmpegTools): FramePictures {
  return {
    png: async (file, { index, video, signal }) => {
      const probe = await probeStoredVideo(file, video, { tools, signal });
      if (index >= probe.frameCount) throw notFound('Frame', String(index));
      const workingSize = { width: probe.width, height: probe.height };
      const pictures = decodePictures({ path: file, probe, workingSize, tools, signal, indices: [index] });
      const { encodePicture } = await import('../media/image-codec.js');
      for await (const picture of pictures) return encodePicture(picture);
      throw notFound('Frame', String(index));
    },
  };
}
