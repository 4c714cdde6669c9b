import { statfs } from 'node:fs/promises';
import { AppError } from '../errors/app-error.js';

/** Part of a disk that is kept free; the smaller of the two counts, so that small disks stay usable. */
export interface DiskReserve {
  /** Share of the whole disk, 0 to 1. */
  readonly share: number;
  readonly bytes: number;
}

/** Reserve that uploads keep: the configured bytes, or a tenth of a small disk. */
export const uploadReserve = (bytes: number): DiskReserve => ({ share: 0.1, bytes });

/** Reserve that jobs keep; half as large, so that what was uploaded can still be worked on. */
export const jobReserve = (bytes: number): DiskReserve => ({ share: 0.05, bytes: bytes / 2 });

/** Below this no waiting job is begun: its files would not fit, and an attempt would be used up. */
export const runReserve = (bytes: number): DiskReserve => ({ share: 0.0125, bytes: bytes / 8 });

/** Room on a file system, in bytes. */
export interface DiskRoom {
  /** What a process without privileges may still write. */
  readonly free: number;
  readonly total: number;
}

/** Reads the room on the file system of a folder that exists. */
export async function readDiskRoom(folder: string): Promise<DiskRoom> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

/**
 * Refuses work that would eat into the reserve, long before the database could run out of disk: PostgreSQL shuts
 * itself down when it cannot write.
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

  /** Whether the reserve is kept. */
  async hasRoom(): Promise<boolean> {
    const { free, total } = await this.#readRoom(this.#folder);
    return free >= this.#reserved(total);
  }

  #reserved(total: number): number {
    return Math.min(this.#reserve.share * total, this.#reserve.bytes);
  }

  /**
   * @param bytes what is about to be written, if it is known
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
