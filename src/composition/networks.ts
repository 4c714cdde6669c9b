import os from 'node:os';
import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { NetworkEngines, NetworkLibrary } from '../domain/network.js';
import { FolderCatalogue } from '../networks/catalogue/folder-catalogue.js';
import { FolderLibrary } from '../networks/catalogue/folder-library.js';
import type { Logger } from '../logging/logger.js';
import { MAX_IMAGE_SIDE } from '../media/image-size.js';
import { ModelServerPool } from '../engines/model-server/model-server-pool.js';
import { engineEnvironment } from './engine-environment.js';

/** Networks of an api process: installed and loaded ones. */
export interface NetworkParts {
  readonly catalogue: NetworkLibrary;
  readonly engines: NetworkEngines;
}

/** Settings that networks read. */
export type NetworkSettings = Pick<Settings, 'folders' | 'inference' | 'upload'>;

const GIBIBYTE = 2 ** 30;
const LOAD_TIMEOUT_MS = 60_000;
const SHRINK_AFTER_MS = 60_000;
const DECODE_SECONDS = 10;
const MAX_ENGINES = 4;
/**
 * How long a network's files are not checked again, and thus how soon a file added by another process is
 * noticed.
 */
const FRESH_MS = 1000;

/**
 * Wires the networks of an api process; networks are loaded on demand.
 * @param freshMs how long a found network is returned without checking its files again
 */
export function createNetworks(settings: NetworkSettings, log: Logger, freshMs = FRESH_MS): NetworkParts {
  const folders = { models: settings.folders.models, labels: path.join(settings.folders.data, 'labels') };
  const catalogue = new FolderLibrary(folders, new FolderCatalogue(folders, freshMs));
  const memory = os.totalmem();
  const engines = new ModelServerPool({
    catalogue,
    maxLoaded: settings.inference.maxModels,
    memoryBudgetBytes: settings.inference.modelMemoryBytes ?? memory / 2,
    enginesPerNetwork: settings.inference.enginesPerModel ?? Math.min(MAX_ENGINES, os.availableParallelism()),
    threads: settings.inference.threadsPerEngine,
    device: { requested: settings.inference.device, strict: false },
    timeoutMs: settings.inference.timeoutMs,
    loadTimeoutMs: LOAD_TIMEOUT_MS,
    shrinkAfterMs: SHRINK_AFTER_MS,
    image: {
      // Also applies to stored images; images in requests were checked before.
      maxBytes: settings.upload.maxBytes,
      maxPixels: settings.upload.maxImagePixels,
      maxSide: MAX_IMAGE_SIDE,
      timeoutSeconds: DECODE_SECONDS,
      jpegDecoder: settings.inference.jpegDecoder,
    },
    env: engineEnvironment(),
    maxRssBytes: Math.max(2 * GIBIBYTE, memory / 2),
    onStderr: (text) => log.debug('A network engine wrote to stderr.', { text }),
  });
  return { catalogue, engines };
}
