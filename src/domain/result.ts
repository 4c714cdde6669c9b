import type { MediaKind } from './dataset.js';

/** Result of a COMPLETED job; its ZIP is stored in chunk rows. */
export interface JobResult {
  readonly jobId: string;
  /** The task's JSON document, as returned by the API. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly zipBytes: number;
  readonly zipSha256: string;
  readonly createdAt: Date;
}

/** One file of a result; its bytes lie uncompressed inside the ZIP. */
export interface ResultFile {
  readonly name: string;
  /** MIME type. */
  readonly type: string;
  readonly bytes: number;
  /** Offset of its first byte in the ZIP. */
  readonly offset: number;
  readonly sha256: string;
  /** Further facts from the task. */
  readonly [fact: string]: unknown;
}

function isResultFile(value: unknown): value is ResultFile {
  if (typeof value !== 'object' || value === null) return false;
  const { name, type, bytes, offset, sha256 } = value as Record<string, unknown>;
  const texts = [name, type, sha256].every((text) => typeof text === 'string');
  return texts && Number.isSafeInteger(bytes) && Number.isSafeInteger(offset);
}

/** Files of a result that can be downloaded separately; empty for tasks that only create a ZIP. */
export function resultFilesOf({ json }: Pick<JobResult, 'json'>): readonly ResultFile[] {
  return Array.isArray(json.files) ? json.files.filter(isResultFile) : [];
}

/** An image or a video of a result, of which previews are made; its bytes lie uncompressed inside the ZIP. */
export interface ResultMedia extends Pick<ResultFile, 'name' | 'type' | 'bytes' | 'offset' | 'sha256'> {
  readonly kind: MediaKind;
}

/** An image or a video of a stored result. */
export interface StoredResultMedia extends ResultMedia {
  readonly jobId: string;
  /** Index among the images and videos of its result, from 0. */
  readonly position: number;
  readonly createdAt: Date;
}

/** Size of one ZIP chunk row: a large value in a single row would crash the process (limit of the pg driver). */
export const RESULT_CHUNK_BYTES = 1024 * 1024;
