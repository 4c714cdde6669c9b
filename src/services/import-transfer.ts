import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { DownloadedFile } from '../domain/download.js';
import type { ImportFile } from '../domain/import.js';
import type { ImportLease } from '../domain/repositories/import.repository.js';
import { makeFolder } from '../storage/folders.js';
import { linkOrCopy } from '../storage/link-or-copy.js';

/** A complete file on this machine. */
export type FetchedFile = DownloadedFile & { readonly path: string };

/** The files of a pair, or the only one. */
export interface Fetched {
  readonly source: FetchedFile;
  readonly mask: FetchedFile | undefined;
  readonly signal: AbortSignal;
}

/** Below which speed a transfer is slow. */
export interface SlowTransfer {
  readonly bytesPerSecond: number;
  /** How long the speed is measured for. */
  readonly windowMs: number;
}

/** What has arrived of a file, mask included. */
export class ImportProgress {
  readonly file: ImportFile;
  totalBytes: number | null = null;
  /** Bytes of the transfers before the running one. */
  earlierBytes = 0;
  #current = 0;
  /** Of the running transfer; null between transfers. */
  #window: { readonly start: number; readonly bytes: number } | null = null;
  #isSlow = false;

  constructor(file: ImportFile) {
    this.file = file;
  }

  get lease(): ImportLease {
    return this.file;
  }

  get bytes(): number {
    return this.earlierBytes + this.#current;
  }

  /** Another transfer begins. */
  next(): void {
    this.#window = { start: performance.now(), bytes: 0 };
    this.earlierBytes = this.bytes;
    this.#current = 0;
    this.totalBytes = null;
  }

  report(bytes: number): void {
    this.#current = bytes;
  }

  /** All transfers have ended. */
  arrived(): void {
    this.#window = null;
  }

  /** Whether the running transfer was slow in the last full window. */
  isSlow({ bytesPerSecond, windowMs }: SlowTransfer, now = performance.now()): boolean {
    if (this.#window === null) return false;
    const elapsedMs = now - this.#window.start;
    if (elapsedMs >= windowMs) {
      this.#isSlow = (this.#current - this.#window.bytes) * 1000 < bytesPerSecond * elapsedMs;
      this.#window = { start: now, bytes: this.#current };
    }
    return this.#isSlow;
  }
}

/** The inspection moves and writes files, so it gets links; the fetched ones stay for another attempt. */
export async function inWorkFolder(
  folder: string,
  { fence }: Pick<ImportFile, 'fence'>,
  { source, mask, signal }: Fetched,
): Promise<Fetched> {
  const work = path.join(folder, `work-${String(fence)}`);
  await rm(work, { recursive: true, force: true });
  await makeFolder(work, 0o700);
  const link = async (fetched: FetchedFile, name: string): Promise<FetchedFile> => {
    const linked = path.join(work, name);
    await linkOrCopy(fetched.path, linked);
    return { ...fetched, path: linked };
  };
  return { source: await link(source, 'source'), mask: mask && (await link(mask, 'mask')), signal };
}
