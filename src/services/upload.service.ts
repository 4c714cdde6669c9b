import { v7 as uuid } from 'uuid';
import type { DatasetItem } from '../domain/dataset.js';
import type { BillableUnits, MicroCredits, Quote } from '../domain/money.js';
import type { NewMedia, TransactionScope, UnitOfWork } from '../domain/repositories.js';
import type { Principal } from '../domain/user.js';
import type { BlobStore } from '../storage/blob-store.js';
import {
  inspectUpload,
  type AcceptedVideo,
  type FileReport,
  type Inspection,
  type MediaInspector,
  type UploadForm,
} from './upload-inspection.js';
import { PricingService } from './pricing.service.js';

/** Where media files live once they are accepted; keys are the store's. */
export type MediaStore = Pick<BlobStore, 'put' | 'remove'>;

/** An upload to a dataset. */
export interface Upload extends UploadForm {
  readonly principal: Principal;
  readonly datasetId: string;
}

/** What was stored and what it cost. */
export interface UploadOutcome {
  readonly items: readonly DatasetItem[];
  readonly cost: MicroCredits;
  /** For archives: what became of every entry, with the ids of stored ones. */
  readonly files: readonly (FileReport & { readonly id?: string })[];
}

/** Uploads are priced by this preset, which bills every counted frame. */
const PRESET = 'infernode';

function unitsOf({ videos }: Inspection): BillableUnits {
  return { 'upload.video_frame': videos.reduce((sum, { facts }) => sum + facts.frameCount, 0) };
}

function toMedia({ name, file, facts }: AcceptedVideo, userId: string, storageKey: string): NewMedia {
  return {
    id: uuid(),
    userId,
    kind: 'video',
    role: 'source',
    name,
    container: facts.container,
    sha256: file.sha256,
    bytes: file.bytes,
    width: facts.width,
    height: facts.height,
    frameCount: facts.frameCount,
    fps: facts.fps,
    durationSeconds: facts.durationSeconds,
    storageKey,
  };
}

/** Takes videos in: looks at them, charges for them and stores them, all or nothing. */
export class UploadService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly inspector: MediaInspector,
    private readonly store: MediaStore,
  ) {}

  /** The price of {@link add} by the same code. @throws AppError as {@link add} does, credits aside. */
  async quote(upload: Upload): Promise<Quote> {
    const { datasets, prices } = this.unitOfWork.read;
    await datasets.requireOwned(upload.datasetId, upload.principal.userId);
    const inspection = await inspectUpload(this.inspector, upload);
    return new PricingService(prices).quote(PRESET, unitsOf(inspection));
  }

  /**
   * Stores the videos of an upload: one transaction debits the price and writes the rows; the files are in
   * place before it commits and removed when it fails.
   * @throws AppError NOT_FOUND, INSUFFICIENT_CREDITS, or what is wrong with the file.
   */
  async add(
    upload: Upload,
    beforeCommit?: (scope: TransactionScope, outcome: UploadOutcome) => Promise<void>,
  ): Promise<UploadOutcome> {
    const { principal, datasetId, signal } = upload;
    await this.unitOfWork.read.datasets.requireOwned(datasetId, principal.userId);
    const inspection = await inspectUpload(this.inspector, upload);
    const media: NewMedia[] = [];
    try {
      for (const video of inspection.videos) {
        signal?.throwIfAborted();
        const { key } = await this.store.put(video.file.path);
        media.push(toMedia(video, principal.userId, key));
      }
      return await this.unitOfWork.run(async (scope) => {
        const outcome = await this.record(scope, upload, { media, inspection });
        await beforeCommit?.(scope, outcome);
        // A client that has gone does not know of its video; better nothing than a charge for it.
        signal?.throwIfAborted();
        return outcome;
      });
    } catch (error) {
      await Promise.allSettled(media.map(({ storageKey }) => this.store.remove(storageKey)));
      throw error;
    }
  }

  private async record(
    scope: TransactionScope,
    { principal, datasetId, name }: Upload,
    { media, inspection }: { media: readonly NewMedia[]; inspection: Inspection },
  ): Promise<UploadOutcome> {
    const { total } = await new PricingService(scope.prices).quote(PRESET, unitsOf(inspection));
    if (total > 0n) {
      await scope.ledger.append({
        userId: principal.userId,
        kind: 'upload',
        amount: total,
        delta: -total,
        description: `Upload of ${name} (${media.length} video${media.length === 1 ? '' : 's'})`,
      });
    }
    await scope.datasets.requireOwned(datasetId, principal.userId);
    const items = await scope.datasets.addItems(
      datasetId,
      media.map((source) => ({ source })),
    );
    return { items, cost: total, files: withIds(inspection.files, media) };
  }
}

function withIds(files: readonly FileReport[], media: readonly NewMedia[]): UploadOutcome['files'] {
  const ids = new Map(media.map(({ name, id }) => [name, id]));
  return files.map((file) => (file.name === undefined ? file : { ...file, id: ids.get(file.name) }));
}
