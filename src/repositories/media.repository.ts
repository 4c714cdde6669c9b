import { z } from 'zod';
import type { Daos } from '../dao/daos.js';
import type { MediaPlace } from '../dao/media-list.dao.js';
import type { Media } from '../domain/dataset.js';
import { MEDIA_SORTS, type MediaFilter, type MediaSort } from '../domain/media-list.js';
import type { MediaRepository } from '../domain/repositories/media.repository.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import { toMedia } from './media.mapper.js';

/** Media in PostgreSQL. */
export class PostgresMediaRepository implements MediaRepository {
  readonly #media: Daos['media'];
  readonly #list: Daos['mediaList'];

  constructor({ media, mediaList }: Pick<Daos, 'media' | 'mediaList'>) {
    this.#media = media;
    this.#list = mediaList;
  }

  async requireOwned(id: string, userId: string): Promise<Media> {
    const row = (await this.#list.isOwned(id, userId)) ? await this.#media.findById(id) : null;
    if (!row) throw notFound('Media', id);
    return toMedia(row);
  }

  async page(filter: MediaFilter, { limit, cursor }: PageRequest): Promise<Page<Media>> {
    const after = cursor === undefined ? undefined : decodePlace(cursor, filter);
    const places = await this.#list.places(filter, after, limit + 1);
    const shown = places.slice(0, limit);
    const found = new Map(
      (await this.#media.findByIds(shown.map(({ id }) => id))).map((row) => [row.id, row]),
    );
    const last = shown.at(-1);
    return {
      rows: shown.flatMap(({ id }) => {
        const row = found.get(id);
        return row ? [toMedia(row)] : [];
      }),
      nextCursor: places.length > limit && last ? encodePlace(last, filter) : null,
    };
  }
}

/** The values of an order as the database writes them; others would be refused by a cast. */
const VALUES: Readonly<Record<MediaSort, RegExp>> = {
  createdAt: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::\d{2}){0,2}$/,
  // eslint-disable-next-line no-control-regex -- PostgreSQL has no texts with NUL.
  name: /^[^\u0000]{0,1000}$/u,
  bytes: /^\d{1,18}$/,
  duration: /^\d{1,18}(?:\.\d{1,20})?(?:e[+-]?\d{1,2})?$/,
  frames: /^\d{1,9}$/,
};

const placeForm = z.tuple([z.enum(MEDIA_SORTS), z.enum(['asc', 'desc']), z.string(), z.uuid()]);

function encodePlace({ value, id }: MediaPlace, { sort, order }: MediaFilter): string {
  return Buffer.from(JSON.stringify([sort, order, value, id])).toString('base64url');
}

function decodePlace(cursor: string, { sort, order }: MediaFilter): MediaPlace {
  const parsed = placeForm.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (parsed.success) {
    const [itsSort, itsOrder, value, id] = parsed.data;
    if (itsSort === sort && itsOrder === order && VALUES[sort].test(value)) return { value, id };
  }
  throw validationFailed([
    {
      pointer: '/cursor',
      code: 'INVALID_CURSOR',
      message: 'must be a cursor that this list returned in the same order',
    },
  ]);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
