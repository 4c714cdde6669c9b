import {
  isUnfinished,
  lockKeyOf,
  type IncomingUpload,
  type UploadProtocol,
} from '../domain/incoming-upload.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import type { IncomingStores, UploadPlace } from './incoming-store.js';
import { endUpload } from './upload-holds.js';

/** Rows looked at in one round; the rest follows in the next one. */
const PORTION = 100;
const DAY_MS = 86_400_000;
/** How long the rows of uploads that ended without media are listed. */
const LISTED_MS = 7 * DAY_MS;
/** Places without a row are looked for less often than rows. */
const PLACES_INTERVAL_MS = 3_600_000;

/**
 * Ends uploads that have expired or whose account was deleted, and removes the bytes of all uploads that have ended. An
 * upload that a request is working on is left for the next round. Rounds may be repeated and run in several processes.
 */
export class AbandonedUploads {
  readonly #unitOfWork: UnitOfWork;
  readonly #stores: IncomingStores;
  readonly #log: Logger;
  #placesSearchedAt = Number.NEGATIVE_INFINITY;

  constructor(unitOfWork: UnitOfWork, stores: IncomingStores, log: Logger) {
    this.#unitOfWork = unitOfWork;
    this.#stores = stores;
    this.#log = log;
  }

  /** One round. @returns how many uploads it ended */
  async runOnce(now = new Date()): Promise<number> {
    const { uploads } = this.#unitOfWork.read;
    let ended = 0;
    for (const { id } of await uploads.findAbandoned(PORTION)) if (await this.#end(id, now)) ended += 1;
    for (const upload of await uploads.findLeftovers(PORTION)) await this.#removeBytes(upload);
    await uploads.removeEnded(new Date(now.getTime() - LISTED_MS));
    if (now.getTime() - this.#placesSearchedAt >= PLACES_INTERVAL_MS) {
      this.#placesSearchedAt = now.getTime();
      await this.#removeUnknownPlaces();
    }
    return ended;
  }

  /** Looks at the row again under its lock: it may have changed since it was listed. */
  async #end(id: string, now: Date): Promise<boolean> {
    return this.#unitOfWork.run(async (scope) => {
      const upload = await scope.uploads.lock(id);
      if (!upload || !isUnfinished(upload) || !(await scope.uploads.tryLockGroup(lockKeyOf(upload))))
        return false;
      const state = upload.expiresAt < now ? 'expired' : 'aborted';
      await endUpload(scope, upload, { state });
      return true;
    });
  }

  async #removeBytes({ id, storeId, protocol }: IncomingUpload): Promise<void> {
    try {
      await this.#stores[protocol].discard({ id, storeId });
      await this.#unitOfWork.read.uploads.forgetBytes(id);
    } catch (err) {
      this.#log.warn('The bytes of an upload that has ended could not be removed.', { uploadId: id, err });
    }
  }

  /** A process that was killed while it created an upload leaves a place without a row. */
  async #removeUnknownPlaces(): Promise<void> {
    for (const protocol of Object.keys(this.#stores) as UploadProtocol[]) {
      const places: UploadPlace[] = [];
      for await (const place of this.#stores[protocol].old()) places.push(place);
      const known = await this.#unitOfWork.read.uploads.knownIds(places.map(({ id }) => id));
      for (const place of places) if (!known.has(place.id)) await this.#stores[protocol].discard(place);
    }
  }
}
