import type { Daos } from '../dao/daos.js';
import type { ResultMediaRepository } from '../domain/repositories/result-media.repository.js';
import type { ResultMedia, StoredResultMedia } from '../domain/result.js';

/** Files with one content that are tried, should some be damaged. */
const FILES_PER_CONTENT = 5;

/** Images and videos of results in PostgreSQL. */
export class PostgresResultMediaRepository implements ResultMediaRepository {
  readonly #media: Daos['resultMedia'];
  readonly #previews: Daos['mediaPreviews'];

  constructor({ resultMedia, mediaPreviews }: Pick<Daos, 'resultMedia' | 'mediaPreviews'>) {
    this.#media = resultMedia;
    this.#previews = mediaPreviews;
  }

  async add(
    { id, userId }: { readonly id: string; readonly userId: string },
    media: readonly ResultMedia[],
  ): Promise<void> {
    if (media.length === 0) return;
    await this.#media.insertAll(id, media);
    await this.#previews.insertPending(
      media.map(({ kind, sha256 }) => ({ sha256, userId, mediaKind: kind })),
    );
  }

  async after(jobId: string, position: number | null, limit: number): Promise<readonly StoredResultMedia[]> {
    return this.#media.after(jobId, position, limit);
  }

  async find(jobId: string, position: number): Promise<StoredResultMedia | null> {
    return this.#media.find(jobId, position);
  }

  async withContent(sha256: string): Promise<readonly StoredResultMedia[]> {
    return this.#media.withContent(sha256, FILES_PER_CONTENT);
  }
}
