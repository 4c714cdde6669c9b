import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { decodeText } from '../../src/domain/text-encoding.js';
import { AppError, messageOf } from '../../src/errors/app-error.js';
import type { CatalogueEntry } from './catalogue-file.js';
import { digestOf } from './download.js';
import { describeBadContent } from './download-errors.js';
import type { NetworkInstaller } from './install.js';
import { findLabels } from './label-set.js';

/** Dependencies of an import. */
export interface ImportContext {
  readonly entries: readonly CatalogueEntry[];
  readonly installer: NetworkInstaller;
  /** Receives progress messages, one sentence each. */
  say(sentence: string): void;
}

/**
 * Installs networks from local files: a folder with a manifest, or all `.onnx` files of a folder whose digest is in the
 * catalogue, regardless of their names. Returns the ids of the installed networks.
 * @throws AppError `IMPORT_NOT_FOUND` (not_found), `IMPORT_EMPTY` (invalid) when there is nothing to install, and
 * errors of manifests
 */
export async function importNetworks(source: string, context: ImportContext): Promise<readonly string[]> {
  if (!existsSync(source)) throw notThere(source);
  const id = await idOfManifest(source);
  if (id !== null) {
    await importFolder(source, id, context);
    return [id];
  }
  const { folder, files } = await onnxFilesOf(source);
  const installed: string[] = [];
  for (const file of files) installed.push(...(await importFile(path.join(folder, file), folder, context)));
  if (installed.length > 0) return installed;
  throw new AppError('IMPORT_EMPTY', {
    message: `There is no network to install in ${path.basename(source)}: neither a manifest.json nor an .onnx file of the catalogue.`,
  });
}

async function idOfManifest(folder: string): Promise<string | null> {
  const content = await readFile(path.join(folder, 'manifest.json')).catch(() => null);
  if (content === null) return null;
  const parsed = parseJson(decodeText(content), path.basename(folder));
  const id: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'id') : null;
  return typeof id === 'string' ? id : path.basename(folder);
}

function parseJson(text: string, folder: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('NETWORK_MANIFEST_INVALID', {
      message: `The manifest.json of ${folder} is not JSON: ${messageOf(error)}`,
    });
  }
}

async function importFolder(source: string, id: string, { installer, say }: ImportContext): Promise<void> {
  const installed = await installer.installFolder(source, id);
  say(installed ? `${id} is installed from its own manifest.` : `${id} is installed already.`);
}

async function onnxFilesOf(source: string): Promise<{ folder: string; files: readonly string[] }> {
  if ((await stat(source)).isFile()) return { folder: path.dirname(source), files: [path.basename(source)] };
  const files = (await readdir(source)).filter((name) => name.endsWith('.onnx')).sort();
  return { folder: source, files };
}

async function importFile(file: string, folder: string, context: ImportContext): Promise<readonly string[]> {
  const { entries, installer, say } = context;
  const name = path.basename(file);
  const sha256 = await digestOf(file);
  const known = entries.filter((entry) => entry.sha256 === sha256);
  if (known.length === 0) {
    say(
      `${name}: ${(await isPointer(file)) ? 'it is a git-lfs pointer, not the file' : 'the catalogue does not know it'}.`,
    );
    return [];
  }
  for (const entry of known) {
    if (await installer.holds(entry.id, sha256)) {
      say(`${entry.id} is installed already.`);
      continue;
    }
    const { labels, note } = await findLabels(entry, { folder, online: false });
    if (note !== null) say(note);
    await installer.installEntry(entry, file, labels);
    say(`${entry.id} is installed from ${name}.`);
  }
  return known.map(({ id }) => id);
}

async function isPointer(file: string): Promise<boolean> {
  if ((await stat(file)).size > 1024) return false;
  return describeBadContent(await readFile(file, 'latin1'), 'file:///')?.code === 'DOWNLOAD_GIT_LFS_POINTER';
}

const notThere = (source: string): AppError =>
  new AppError('IMPORT_NOT_FOUND', { message: `There is no file or folder ${source}.` });
