import { z } from 'zod';
import { PREVIEW_KINDS, PROXY_ENCODERS, type PreviewKind } from '../domain/preview.js';
import { timer } from './setting-types.js';

const isPreviewKind = (text: string): text is PreviewKind => PREVIEW_KINDS.some((kind) => kind === text);

const previewKinds = z
  .string()
  .default(PREVIEW_KINDS.join(','))
  .transform((text, context) => {
    const names = text === 'none' ? [] : text.split(',').map((name) => name.trim());
    const kinds = names.filter(isPreviewKind);
    if (kinds.length === names.length) return [...new Set(kinds)];
    const message = `must be "none", or some of ${PREVIEW_KINDS.join(', ')}, separated by commas`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** Settings of the previews of media. */
export const previewSettings = {
  /** Previews that are made of every uploaded file: kinds separated by commas, or `none`. */
  PREVIEWS: previewKinds,
  /** Encoder of the playable copies of videos; H.264 where the machine cannot run the other one. */
  PREVIEW_PROXY_ENCODER: z.enum(PROXY_ENCODERS).default('h264'),
  /** Threads of FFmpeg for a playable copy, at the lowest priority. */
  PREVIEW_THREADS: z.coerce.number().int().min(1).max(64).default(1),
  /** Time limit of one preview. */
  PREVIEW_TIMEOUT: timer.default(3600),
};
