import type { Daos } from '../dao/daos.js';
import type { Media } from '../domain/dataset.js';
import type { Preview, PreviewFile, PreviewKind } from '../domain/preview.js';
import type { PreviewRepository } from '../domain/repositories/preview.repository.js';
import { toMedia } from './media.mapper.js';

/** Media with one content that are tried, should the files of some be missing. */
const MEDIA_PER_CONTENT = 5;

/** Previews in PostgreSQL. */
export class PostgresPreviewRepository implements PreviewRepository {
  readonly #previews: Daos['mediaPreviews'];
  readonly #media: Daos['media'];

  constructor({ mediaPreviews, media }: Pick<Daos, 'mediaPreviews' | 'media'>) {
    this.#previews = mediaPreviews;
    this.#media = media;
  }

  async dropPendingExcept(kinds: readonly PreviewKind[]): Promise<void> {
    await this.#previews.deletePendingExcept(kinds);
  }

  async due(before: Date, limit: number): Promise<readonly string[]> {
    return this.#previews.due(before, limit);
  }

  async markQueued(sha256s: readonly string[]): Promise<void> {
    if (sha256s.length > 0) await this.#previews.setQueued(sha256s);
  }

  async begin(sha256: string, except: readonly PreviewKind[]): Promise<Preview | null> {
    return this.#previews.begin(sha256, except);
  }

  async uncount(sha256: string, kind: PreviewKind): Promise<void> {
    await this.#previews.uncount(sha256, kind);
  }

  async complete(
    sha256: string,
    kind: PreviewKind,
    { facts, files }: Parameters<PreviewRepository['complete']>[2],
  ): Promise<readonly string[] | null> {
    if (!(await this.#previews.lock(sha256, kind))) return null;
    const former = await this.#previews.replaceFiles(sha256, kind, files);
    await this.#previews.setReady(sha256, kind, facts);
    return former;
  }

  async fail(
    sha256: string,
    kind: PreviewKind,
    error: Parameters<PreviewRepository['fail']>[2],
  ): Promise<void> {
    await this.#previews.setFailed(sha256, kind, error);
  }

  async mediaOf(sha256: string): Promise<readonly Media[]> {
    return (await this.#media.withContent(sha256, MEDIA_PER_CONTENT)).map(toMedia);
  }

  async ofContents(sha256s: readonly string[]): Promise<readonly Preview[]> {
    return sha256s.length === 0 ? [] : this.#previews.ofContents(sha256s);
  }

  async files(sha256: string, kind: PreviewKind): Promise<readonly PreviewFile[]> {
    return this.#previews.files(sha256, kind);
  }

  async file(sha256: string, kind: PreviewKind, variant: string): Promise<PreviewFile | null> {
    return this.#previews.file(sha256, kind, variant);
  }

  async filesAfter(key: string | null, limit: number): Promise<readonly PreviewFile[]> {
    return this.#previews.filesAfter(key, limit);
  }

  async markUnused(): Promise<void> {
    await this.#previews.markUnused();
  }

  async takeUnused(limit: number): Promise<readonly string[] | null> {
    return this.#previews.takeUnused(limit);
  }
}
