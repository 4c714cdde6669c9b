import type { Media } from '../domain/dataset.js';
import { sheetsOf, tileOf, type FilmstripFacts } from '../domain/filmstrip.js';
import type { Preview, PreviewFile, PreviewKind } from '../domain/preview.js';
import type { StoredResultMedia } from '../domain/result.js';
import type { MediaDetails, MediaWithPreviews } from '../services/media.service.js';
import type { PreviewDetails } from '../services/preview-files.js';
import type { ResultMediaWithPreviews } from '../services/result-media.service.js';

/** Creates a signed URL of a path below a media; unsigned query parameters may be added. */
export type MediaLink = (path: string, query?: string) => string;

/** Path of a media. */
export const mediaPath = (id: string): string => `/api/media/${id}`;

/** Path of an image or a video of a result. */
export const resultMediaPath = ({ jobId, position }: Pick<StoredResultMedia, 'jobId' | 'position'>): string =>
  `/api/jobs/${jobId}/media/${position}`;

const findPreview = (previews: readonly Preview[], kind: PreviewKind): Preview | undefined =>
  previews.find((preview) => preview.kind === kind);

function presentFacts(media: Media, previews: readonly Preview[]) {
  const { id, datasetId, kind, role, name, container, width, height, frameCount } = media;
  const { fps, durationSeconds, bytes, sha256, hole, warnings, createdAt } = media;
  return {
    ...{ id, datasetId, kind, role, name, container, width, height, frameCount },
    fps: fps === null ? null : fps.num / fps.den,
    ...{ durationSeconds, bytes, sha256 },
    md5: findPreview(previews, 'md5')?.facts.md5 ?? null,
    mask: hole && { share: hole.share, reading: hole.reading },
    warnings,
    createdAt: createdAt.toISOString(),
  };
}

/** The states of previews, by kind. */
function presentStates(previews: readonly Preview[]) {
  const statusOf = (kind: PreviewKind) => findPreview(previews, kind)?.status ?? 'none';
  return {
    thumbnail: statusOf('thumbnail'),
    poster: statusOf('poster'),
    filmstrip: statusOf('filmstrip'),
    proxy: statusOf('proxy'),
    md5: statusOf('md5'),
  };
}

/** A media as an entry of a list. */
export function presentListedMedia({ media, previews }: MediaWithPreviews, link: MediaLink) {
  const states = presentStates(previews);
  return {
    ...presentFacts(media, previews),
    previews: states,
    thumbnailUrl: states.thumbnail === 'ready' ? link('/thumbnail') : null,
    url: mediaPath(media.id),
  };
}

/** A media with all its previews. */
export function presentMedia({ media, ...details }: MediaDetails, link: MediaLink) {
  return {
    ...presentFacts(media, details.previews),
    contentUrl: link('/content'),
    frameUrl: media.kind === 'video' ? `${mediaPath(media.id)}/frames/{index}` : null,
    previews: presentPreviews(details, link),
  };
}

const presentResultFacts = (
  { position, name, kind, type, bytes, sha256 }: StoredResultMedia,
  previews: readonly Preview[],
) => ({
  ...{ position, name, kind, type, bytes, sha256 },
  md5: findPreview(previews, 'md5')?.facts.md5 ?? null,
});

/** An image or a video of a result as an entry of a list. */
export function presentListedResultMedia({ media, previews }: ResultMediaWithPreviews, link: MediaLink) {
  const states = presentStates(previews);
  return {
    ...presentResultFacts(media, previews),
    previews: states,
    contentUrl: link('/content'),
    thumbnailUrl: states.thumbnail === 'ready' ? link('/thumbnail') : null,
    url: resultMediaPath(media),
  };
}

/** An image or a video of a result with all its previews. */
export function presentResultMedia(
  { media, ...details }: ResultMediaWithPreviews & PreviewDetails,
  link: MediaLink,
) {
  return {
    ...presentResultFacts(media, details.previews),
    contentUrl: link('/content'),
    previews: presentPreviews(details, link),
  };
}

function presentPreviews({ previews, files }: PreviewDetails, link: MediaLink) {
  const preview = (kind: PreviewKind) => findPreview(previews, kind);
  const state = (kind: PreviewKind) => ({
    status: preview(kind)?.status ?? 'none',
    error: preview(kind)?.error ?? null,
  });
  const whole = (kind: 'poster' | 'proxy') => {
    const file = files[kind]?.at(0);
    return file ? presentFile(file, link(`/${kind}`)) : null;
  };
  const strip = preview('filmstrip')?.facts.filmstrip;
  const proxy = preview('proxy')?.facts;
  return {
    thumbnail: {
      ...state('thumbnail'),
      frame: preview('thumbnail')?.facts.frame ?? null,
      files: (files.thumbnail ?? []).map((file) => presentThumbnail(file, link)),
    },
    poster: { ...state('poster'), frame: preview('poster')?.facts.frame ?? null, file: whole('poster') },
    filmstrip: {
      ...state('filmstrip'),
      frames: strip?.frames.length ?? null,
      url: strip ? link('/filmstrip') : null,
      vttUrl: strip ? link('/filmstrip', 'format=vtt') : null,
    },
    proxy: {
      ...state('proxy'),
      codec: proxy?.codec ?? null,
      sound: proxy?.sound ?? null,
      file: whole('proxy'),
    },
    md5: state('md5'),
  };
}

const presentFile = ({ type, bytes, width, height }: PreviewFile, url: string) => ({
  ...{ type, bytes, width, height, url },
});

function presentThumbnail(file: PreviewFile, link: MediaLink) {
  const [width, format] = file.variant.split('.');
  return {
    nominalWidth: Number(width),
    format,
    ...presentFile(file, link('/thumbnail', `width=${width}&format=${format}`)),
  };
}

/** The index of a filmstrip. */
export function presentFilmstrip(filmstrip: FilmstripFacts, link: MediaLink) {
  const { frames, durationSeconds, width, height, tile } = filmstrip;
  return {
    ...{ durationSeconds, width, height },
    frames: frames.map((frame, position) => ({
      ...frame,
      url: link(`/filmstrip/${position}`),
      ...tileOf(position, tile),
    })),
    tile: { width: tile.width, height: tile.height },
    sheets: Array.from({ length: sheetsOf(filmstrip) }, (_, sheet) => link(sheetPath(sheet))),
    vttUrl: link('/filmstrip', 'format=vtt'),
  };
}

/** Path of a sheet below its media. */
export const sheetPath = (sheet: number): string => `/filmstrip/sheets/${sheet}`;
