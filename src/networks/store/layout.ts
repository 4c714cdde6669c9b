import { stat } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.js';
import { NETWORK_ID } from './manifest.js';

/** Names inside the folder of a network. */
export const MANIFEST_FILE = 'manifest.json';
export const MODEL_FILE = 'model.onnx';
export const LABELS_FILE = 'labels.json';
/** Folder inside a network's own that contains further versions of it. */
export const VERSIONS_FOLDER = 'versions';
/** Folder next to the networks with the metadata of flat ones. */
export const METADATA_FOLDER = 'metadata';
/** Versions that are valid folder names. */
export const NETWORK_VERSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Names that the layouts use themselves, in the models folder or in that of a network. */
const RESERVED: ReadonlySet<string> = new Set([METADATA_FOLDER, VERSIONS_FOLDER, 'labels']);

/** Whether a name is a valid network id. Names that end in `.onnx` are files of flat networks. */
export const isNetworkName = (id: string): boolean =>
  NETWORK_ID.test(id) && !RESERVED.has(id) && !id.endsWith('.onnx');

/** Description of {@link isNetworkName}, as the end of a sentence. */
export const NETWORK_NAME_RULE = `networks are called by 1 to 64 of a-z, 0-9, ".", "_" and "-", a letter or digit first, not ${[...RESERVED].join(', ')} and nothing that ends in .onnx`;

/** Whether a rename failed because the target exists. */
export function isTaken(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return code === 'EEXIST' || code === 'ENOTEMPTY';
}

/** Whether the path exists. */
export const there = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The error for a model file of 0 bytes. */
export const emptyFile = (name: string): AppError =>
  new AppError('NETWORK_NOT_ONNX', { message: `The file ${name} is empty (0 bytes).` });

/** Tasks whose networks admins install and remove; networks of all other tasks are part of the product. */
export const INSTALLABLE_TASKS: ReadonlySet<unknown> = new Set(['classification', 'detection']);
