/** Result of a COMPLETED job; its ZIP is stored in chunk rows. */
export interface JobResult {
  readonly jobId: string;
  /** The task's JSON document, as the API shows it. */
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
  /** Place of its first byte in the ZIP. */
  readonly offset: number;
  readonly sha256: string;
  /** Whatever else the task says of it. */
  readonly [fact: string]: unknown;
}

function isResultFile(value: unknown): value is ResultFile {
  if (typeof value !== 'object' || value === null) return false;
  const { name, type, bytes, offset, sha256 } = value as Record<string, unknown>;
  const texts = [name, type, sha256].every((text) => typeof text === 'string');
  return texts && Number.isSafeInteger(bytes) && Number.isSafeInteger(offset);
}

/** The files of a result that can be downloaded separately; none for tasks that only make a ZIP. */
export function resultFilesOf({ json }: Pick<JobResult, 'json'>): readonly ResultFile[] {
  return Array.isArray(json.files) ? json.files.filter(isResultFile) : [];
}

/** Size of one ZIP chunk row: large values of one row would kill the process (pg limit). */
export const RESULT_CHUNK_BYTES = 1024 * 1024;
