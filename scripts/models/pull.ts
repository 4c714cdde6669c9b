import path from 'node:path';
import { rm } from 'node:fs/promises';
import type { CatalogueEntry } from './catalogue-file.js';
import { download, type DownloadOptions } from './download.js';
import type { NetworkInstaller } from './install.js';
import { findLabels } from './label-set.js';

/** Dependencies of a pull. */
export interface PullContext {
  readonly installer: NetworkInstaller;
  /** Folder of unfinished downloads. */
  readonly downloads: string;
  readonly download?: DownloadOptions;
  /** Receives progress messages, one sentence each. */
  say(sentence: string): void;
}

/** Downloads and installs one network of the catalogue; returns immediately when it is installed. */
export async function pull(entry: CatalogueEntry, context: PullContext): Promise<void> {
  const { installer, downloads, say } = context;
  if (await installer.holds(entry.id, entry.sha256)) {
    say(`${entry.id} is installed already.`);
    return;
  }
  installer.requireRoom(entry.id);
  // Named by digest, so that the interrupted download of a renamed network is found again.
  const target = path.join(downloads, `${entry.sha256}.onnx`);
  await download({ urls: entry.urls, target, bytes: entry.bytes, sha256: entry.sha256 }, context.download);
  const { labels, note } = await findLabels(entry, { folder: null, online: true });
  if (note !== null) say(note);
  await installer.installEntry(entry, target, labels);
  await rm(target, { force: true });
  say(`${entry.id} is installed: ${entry.description} (${entry.licence}, ${entry.source}).`);
}
