import { createHash } from 'node:crypto';
import { fromBufferPromise } from 'yauzl';
import { encodeImage } from '../../src/media/image-codec.js';

/** A file in a manifest. */
interface ManifestFile {
  path: string;
  name: string;
  kind: string;
  bytes: number;
  sha256: string;
  hole: { reading: string } | null;
  warnings: string[];
}
/** What tests read and change of a manifest. */
export interface Manifest {
  format: string;
  version: number;
  product: { name: string; version: string };
  dataset: { id?: string; name: string; tags: string[]; createdAt?: string; updatedAt?: string };
  totals: { items: number; files: number; bytes: number };
  items: { upload: number; sampleFps: number; source: ManifestFile; mask: ManifestFile | null }[];
}

/** In hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** For forms. */
export const blobOf = (content: Uint8Array): Blob => new Blob([new Uint8Array(content)]);

/** All files of a ZIP, by a reader that the product's writer does not share. */
export async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await fromBufferPromise(bytes);
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    files.set(entry.fileName, Buffer.concat(chunks));
  }
  return files;
}

/** The manifest of an archive. */
export const manifestOf = (files: ReadonlyMap<string, Buffer>): Manifest =>
  JSON.parse(String(files.get('manifest.json'))) as Manifest;

/** A manifest without what differs between equal datasets. */
export const comparable = (manifest: Manifest): unknown =>
  JSON.parse(
    JSON.stringify(manifest, (key, value: unknown) =>
      ['id', 'createdAt', 'updatedAt'].includes(key) ? undefined : value,
    ),
  );

/** The left half painted, the rest black for white paint and the image's colour for others. */
export function painted(paint: readonly number[]): Promise<Buffer> {
  const ground = paint.every((value) => value === 255) ? [0, 0, 0] : [40, 90, 60];
  const data = new Uint8Array(16 * 16 * 3);
  for (let at = 0; at < 256; at += 1) data.set(at % 16 < 8 ? paint : ground, 3 * at);
  return encodeImage({ width: 16, height: 16, data }, { format: 'png' });
}

/** A grey image whose upper part is transparent. */
export function erased(): Promise<Buffer> {
  const data = new Uint8Array(16 * 16 * 4).fill(120);
  for (let at = 0; at < 256; at += 1) data[4 * at + 3] = at < 96 ? 0 : 255;
  return encodeImage({ width: 16, height: 16, data }, { format: 'png' });
}
