import type { MediaRole } from '../domain/dataset.js';
import type { AcceptedFile, ImportedImage, UploadedFile, VideoFacts } from './upload-inspection.js';

/** Warnings about properties of a video that are ignored. */
function warningsOfVideo({ hasAlpha, videoStreams = 1 }: VideoFacts, role: MediaRole): string[] {
  const several = `The file has ${videoStreams} video streams; the first one is used.`;
  const alpha = 'The video has transparency, which is left out.';
  return [...(videoStreams > 1 ? [several] : []), ...(hasAlpha && role === 'source' ? [alpha] : [])];
}

/** A probed video as an accepted file. */
export function acceptedVideo(
  name: string,
  file: UploadedFile,
  facts: VideoFacts & { readonly role?: MediaRole },
): AcceptedFile {
  const { container, width, height, frameCount, frameSource, fps, durationSeconds, role = 'source' } = facts;
  return {
    name,
    kind: 'video',
    file,
    container,
    width,
    height,
    frameCount,
    frameSource,
    fps,
    durationSeconds,
    hole: null,
    warnings: warningsOfVideo(facts, role),
  };
}

/** An image as an accepted file, under the name it will be stored with. */
export function acceptedImage(
  name: string,
  { width, height, hole, warnings, ...file }: ImportedImage,
): AcceptedFile {
  return {
    name,
    kind: 'image',
    file,
    container: 'png',
    width,
    height,
    frameCount: 1,
    frameSource: null,
    fps: null,
    durationSeconds: null,
    hole,
    warnings,
  };
}
