import type { RequestHandler } from 'express';
import type { Settings } from '../config/settings.js';
import type { UploadLocks } from '../domain/incoming-upload.js';
import type { RateCountRepository } from '../domain/rate-count.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { RecordingStore } from '../domain/servo-recording.js';
import type { ServoEngines } from '../domain/servo.js';
import type { Logger } from '../logging/logger.js';
import type { CredentialChanges } from '../realtime/credential-changes.js';
import type { SocketAdapter } from '../realtime/remote-control/ports.js';
import type { JobEventSource } from '../realtime/job-event-source.js';
import type { FrameImages } from '../services/dataset-file.service.js';
import type { HealthProbe } from '../services/health.service.js';
import type { JobEngineNetworks } from '../services/job-engine-networks.js';
import type { JobService } from '../services/job.service.js';
import type { OrphanedJobs } from '../services/orphaned-jobs.service.js';
import type { ResultService } from '../services/result.service.js';
import type { KeyRing } from '../services/token-keys.js';
import type { PartWriter } from '../services/multipart-upload.service.js';
import type { MediaInspector } from '../services/upload-inspection.js';
import type { MediaStore } from '../services/upload.service.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { MultipartStore } from '../storage/multipart-store.js';
import type { ResumableStore } from '../storage/resumable-store.js';
import type { TempFolders } from '../storage/temp-folders.js';
import type { NetworkParts } from './networks.js';

/** Storage of uploads: a temporary folder, then the blob store. */
export interface UploadPlaces {
  readonly inspector: MediaInspector;
  readonly store: MediaStore & Pick<BlobStore, 'open' | 'borrow'>;
  readonly frames: FrameImages;
  readonly tempFolders: TempFolders;
}

/** What uploads in several requests need from an installation. */
export interface IncomingParts {
  readonly multipart: MultipartStore;
  /** Null where parts are sent to the store's own server. */
  readonly writer: PartWriter | null;
  readonly resumable: ResumableStore;
  readonly locks: UploadLocks & { close(): Promise<void> };
}

/** Settings that the API reads. */
type ApiSettings = Pick<
  Settings,
  | 'http'
  | 'token'
  | 'oidc'
  | 'accounts'
  | 'upload'
  | 'quota'
  | 'inference'
  | 'job'
  | 'servo'
  | 'webhooks'
  | 'retentionDays'
  | 'imports'
>;

/** What live servoing needs from an installation. */
export interface ServoParts {
  /** Identifies this process among all api processes of the database. */
  readonly instanceId: string;
  readonly engines: ServoEngines;
  /** Detectors of this installation. */
  readonly detectors: readonly string[];
  readonly recordings: RecordingStore;
  /** Throws STORAGE_FULL while the disk is too full to accept work. */
  requireSpace(): Promise<void>;
}

/** Dependencies of the API. */
export interface ApiDeps {
  readonly settings: ApiSettings;
  readonly unitOfWork: UnitOfWork;
  readonly jobs: JobService;
  readonly orphanedJobs: OrphanedJobs;
  readonly results: ResultService;
  readonly keys: KeyRing;
  readonly uploads: UploadPlaces;
  readonly incoming: IncomingParts;
  readonly networks: NetworkParts;
  readonly servo: ServoParts;
  /** Networks in the memory of job engines, as reported by the workers. */
  readonly jobEngineNetworks: JobEngineNetworks;
  readonly eventSource: JobEventSource;
  /** Changes of credentials, as heard by the event source. */
  readonly credentialChanges: CredentialChanges;
  /** Counts of limits; in the database unless given. */
  readonly rateCounts?: RateCountRepository;
  /** Distributes remote-control events to other api processes. */
  readonly socketAdapter?: SocketAdapter;
  readonly queueBoard: RequestHandler;
  readonly probes: Readonly<Record<string, HealthProbe>>;
  readonly logger: Logger;
  /**
   * Maximum time in milliseconds that a request waits for counts shared by api processes; see
   * `DatabaseSharedCounts`.
   */
  readonly countMaxWaitMs?: number;
}
