/** A file of an archive, as its records describe it (APPNOTE 6.3.10). */
interface ZipFacts {
  /** ASCII, with `/` between folders. */
  readonly name: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** A file at its place in the archive. */
export interface ZipRecord extends ZipFacts {
  /** Offset of its local header. */
  readonly offset: number;
  readonly crc: number;
}

/** The directory of an archive. */
interface ZipDirectory {
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Values that stand for "see the ZIP64 record". */
const [MAX_16, MAX_32] = [0xffff, 0xffffffff];
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** Made on Unix. */
const MADE_BY = (3 << 8) | VERSION_ZIP64;
/** Sizes and checksum follow the data, since the checksum is only known then. */
const FLAGS = 0x8;
/** A regular file that its owner may write. */
const MODE = (0o100644 << 16) >>> 0;
const ZIP64_FIELD = 1;

const isLarge = (value: number): boolean => value >= MAX_32;
const versionOf = (large: boolean): number => (large ? VERSION_ZIP64 : VERSION);

/** The local header of a file; sizes and checksum are in the descriptor that follows the data. */
export function localHeader({ name, bytes, modified }: ZipFacts): Buffer {
  const large = isLarge(bytes);
  // The sizes in the field are zero as well, but its presence makes those of the descriptor eight bytes long.
  const extra = large ? zip64Field([0, 0]) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(versionOf(large), 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt32LE(dosTime(modified), 10);
  header.writeUInt32LE(large ? MAX_32 : 0, 18);
  header.writeUInt32LE(large ? MAX_32 : 0, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, Buffer.from(name, 'ascii'), extra]);
}

/** Checksum and sizes of a file, after its data. */
export function sizeDescriptor({ bytes }: Pick<ZipFacts, 'bytes'>, crc: number): Buffer {
  const large = isLarge(bytes);
  const descriptor = Buffer.alloc(large ? 24 : 16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(crc, 4);
  if (large) {
    descriptor.writeBigUInt64LE(BigInt(bytes), 8);
    descriptor.writeBigUInt64LE(BigInt(bytes), 16);
  } else {
    descriptor.writeUInt32LE(bytes, 8);
    descriptor.writeUInt32LE(bytes, 12);
  }
  return descriptor;
}

/** The record of a file in the central directory. */
export function centralRecord({ name, bytes, modified, offset, crc }: ZipRecord): Buffer {
  const large = isLarge(bytes);
  const far = isLarge(offset);
  const wide = [...(large ? [bytes, bytes] : []), ...(far ? [offset] : [])];
  const extra = wide.length > 0 ? zip64Field(wide) : Buffer.alloc(0);
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(MADE_BY, 4);
  record.writeUInt16LE(versionOf(large || far), 6);
  record.writeUInt16LE(FLAGS, 8);
  record.writeUInt32LE(dosTime(modified), 12);
  record.writeUInt32LE(crc, 16);
  record.writeUInt32LE(large ? MAX_32 : bytes, 20);
  record.writeUInt32LE(large ? MAX_32 : bytes, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(MODE, 38);
  record.writeUInt32LE(far ? MAX_32 : offset, 42);
  return Buffer.concat([record, Buffer.from(name, 'ascii'), extra]);
}

/** The records at the end of an archive, with those of ZIP64 where they are needed. */
export function endRecords({ count, offset, bytes }: ZipDirectory): Buffer {
  const wide = count >= MAX_16 || isLarge(offset) || isLarge(bytes);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MAX_16), 8);
  end.writeUInt16LE(Math.min(count, MAX_16), 10);
  end.writeUInt32LE(Math.min(bytes, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  return wide ? Buffer.concat([zip64End({ count, offset, bytes }), end]) : end;
}

function zip64End({ count, offset, bytes }: ZipDirectory): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  // Size of the rest of this record.
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(MADE_BY, 12);
  end.writeUInt16LE(VERSION_ZIP64, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(bytes), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  // The locator, with the number of disks.
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + bytes), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

function zip64Field(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(ZIP64_FIELD, 0);
  field.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return field;
}

/** Date and time as MS-DOS stores them, in UTC, with two seconds of precision; 1980 to 2107. */
function dosTime(at: Date): number {
  const year = Math.min(Math.max(at.getUTCFullYear() - 1980, 0), 127);
  const date = (year << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return ((date << 16) | time) >>> 0;
}
