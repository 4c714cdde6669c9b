import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** One file of an archive; `name` uses `/` and is relative. */
export type ZipMember = { readonly name: string } & (
  { readonly path: string } | { readonly content: Uint8Array | string }
);

/** Result of {@link writeZip}. */
export interface WrittenZip {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Options of {@link writeZip}. */
export interface ZipWriteOptions {
  /** Timestamp of all members, for archives that must be reproducible byte for byte; now by default. */
  readonly modified?: Date;
  readonly signal?: AbortSignal;
}

/** Compressing these again would cost time without reducing their size. */
const COMPRESSED_ALREADY = /\.(png|jpe?g|webp|mp4|mov|mkv|webm|avi|zip|gz|npz)$/i;

/**
 * Writes an archive as a stream: files are read one after the other and never held in memory completely. On
 * error or abort the target is removed.
 * @param targetPath file to write; overwritten if it exists
 */
export async function writeZip(
  targetPath: string,
  members: Iterable<ZipMember>,
  options: ZipWriteOptions = {},
): Promise<WrittenZip> {
  options.signal?.throwIfAborted();
  const zip = new ZipFile();
  const meter = new Meter();
  // Opened first: a stream that opens its file lazily could do so after the file was removed.
  const sink = (await open(targetPath, 'w', 0o600)).createWriteStream();
  // yazl reports an unreadable member on the archive object, not on its output stream.
  zip.on('error', (error: Error) => meter.destroy(error));
  const written = pipeline(zip.outputStream, meter, sink, { signal: options.signal });
  try {
    for (const member of members) addMember(zip, member, options.modified ?? new Date());
    zip.end();
    await written;
  } catch (error) {
    meter.destroy();
    await written.catch(() => undefined);
    if (!sink.closed) await new Promise<void>((resolve) => sink.once('close', resolve));
    await rm(targetPath, { force: true });
    options.signal?.throwIfAborted();
    throw error;
  }
  return meter.result();
}

function addMember(zip: ZipFile, member: ZipMember, mtime: Date): void {
  const settings = { mtime, mode: 0o100644, compress: !COMPRESSED_ALREADY.test(member.name) };
  if ('path' in member) zip.addFile(member.path, member.name, settings);
  else zip.addBuffer(Buffer.from(member.content), member.name, settings);
}

/** Counts and hashes the data that passes through. */
class Meter extends Transform {
  #bytes = 0;
  readonly #hash = createHash('sha256');

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  result(): WrittenZip {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
