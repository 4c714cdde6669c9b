import { statfs } from 'node:fs/promises';
import { AppError } from '../errors/app-error.js';

/** Disk space to keep free; the smaller of the two values applies, so that small disks stay usable. */
export interface DiskReserve {
  /** Share of the whole disk, 0 to 1. */
  readonly share: number;
  readonly bytes: number;
}

/** Reserve for uploads: the configured bytes, or a tenth of a small disk. */
export const uploadReserve = (bytes: number): DiskReserve => ({ share: 0.1, bytes });

/** Reserve for jobs: half as large, so that uploaded media can still be processed. */
export const jobReserve = (bytes: number): DiskReserve => ({ share: 0.05, bytes: bytes / 2 });

/** Reserve below which no job is started: its files would not fit, and an attempt would be wasted. */
export const runReserve = (bytes: number): DiskReserve => ({ share: 0.0125, bytes: bytes / 8 });

/** Disk space of a file system, in bytes. */
export interface DiskRoom {
  /** Space available to an unprivileged process. */
  readonly free: number;
  readonly total: number;
}

/** Reads the disk space of the file system of an existing folder. */
export async function readDiskRoom(folder: string): Promise<DiskRoom> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

/**
 * Rejects work that would use the reserve, long before the database runs out of disk space: PostgreSQL shuts down when
 * it cannot write.
 */
export class DiskSpaceGuard {
  readonly #folder: string;
  readonly #reserve: DiskReserve;
  readonly #readRoom: (folder: string) => Promise<DiskRoom>;

  constructor(
    folder: string,
    reserve: DiskReserve,
    readRoom: (folder: string) => Promise<DiskRoom> = readDiskRoom,
  ) {
    this.#folder = folder;
    this.#reserve = reserve;
    this.#readRoom = readRoom;
  }

  /** Whether more space than the reserve is free. */
  async hasRoom(): Promise<boolean> {
    const { free, total } = await this.#readRoom(this.#folder);
    return free >= this.#reserved(total);
  }

  #reserved(total: number): number {
    return Math.min(this.#reserve.share * total, this.#reserve.bytes);
  }

  /**
   * @param bytes size of the data about to be written, if known
   * @throws AppError `STORAGE_FULL` (storage_full)
   */
  async assertRoomFor(bytes = 0): Promise<void> {
    const { free, total } = await this.#readRoom(this.#folder);
    const reserved = this.#reserved(total);
    if (free - bytes >= reserved) return;
    throw new AppError('STORAGE_FULL', {
      message: 'The server is short of disk space and takes no new data at the moment.',
      details: { freeBytes: free, neededBytes: bytes, reservedBytes: Math.ceil(reserved) },
    });
  }
}
