import type { IMPORT_KINDS } from './incoming-upload.js';
import type { MicroCredits } from './money.js';

/** States of a file of an import. */
export const IMPORT_FILE_STATES = ['waiting', 'running', 'completed', 'failed', 'cancelled'] as const;
/** See {@link IMPORT_FILE_STATES}. */
type ImportFileState = (typeof IMPORT_FILE_STATES)[number];

/** Maximum number of files of one import. */
export const MAX_IMPORT_FILES = 100;
/** Attempts of a file by workers, each of which continues an interrupted transfer several times. */
export const MAX_IMPORT_ATTEMPTS = 3;

/** Options of an import. */
export interface ImportOptions {
  /** For pairs: rejects masks that are not purely black and white. */
  readonly strict?: boolean;
  /** For pairs: frames per second at which a video is sampled and charged. */
  readonly fps?: number;
  /** Scales mask images to their images or videos. */
  readonly fitsMasks?: boolean;
}

/** A list of URLs whose files become media of a dataset. */
export interface Import {
  readonly id: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly kind: (typeof IMPORT_KINDS)[number];
  readonly options: ImportOptions;
  readonly createdAt: Date;
}

/** A file of an import, with its mask if it has one. */
export interface ImportFile {
  readonly id: string;
  readonly importId: string;
  readonly userId: string;
  /** From 0. */
  readonly position: number;
  /** Name in the dataset. */
  readonly name: string;
  readonly url: string;
  readonly maskUrl: string | null;
  /** Least price, held until the file is charged or has ended. */
  readonly held: MicroCredits;
  readonly state: ImportFileState;
  /** Number of attempts so far. */
  readonly attempt: number;
  /** Raised by each claim. */
  readonly fence: number;
  /** Bytes that have arrived, mask included. */
  readonly bytes: number;
  /** Size of the file that is being fetched; null if the server did not say. */
  readonly totalBytes: number | null;
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** What was stored, as the API answers it. */
  readonly result: unknown;
  readonly finishedAt: Date | null;
}

/** A file that a worker has claimed, with its import. */
export interface ClaimedImport {
  readonly file: ImportFile;
  readonly batch: Import;
}

/** Whether a file can still become media. */
export const isUnfinishedFile = ({ state }: Pick<ImportFile, 'state'>): boolean =>
  state === 'waiting' || state === 'running';
