import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** A ZIP with these files in this order, by way of a file in `folder`. */
export async function zipOf(folder: string, files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(content, name);
  zip.end();
  const out = path.join(folder, `${Object.keys(files).length}-${Date.now()}.zip`);
  await pipeline(zip.outputStream, createWriteStream(out));
  return readFile(out);
}
