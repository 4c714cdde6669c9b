import path from 'node:path';
import { FolderCatalogue } from '../../src/networks/catalogue/folder-catalogue.js';
import type { ModelServerPoolOptions } from '../../src/engines/model-server/model-server-pool.js';

const MEBIBYTE = 2 ** 20;

/** One engine for each network of a folder, on the CPU, with limits that no test meets by accident. */
export const poolOptions = (models: string): ModelServerPoolOptions => ({
  catalogue: new FolderCatalogue({ models, labels: path.join(models, 'labels') }),
  maxLoaded: 2,
  memoryBudgetBytes: 8192 * MEBIBYTE,
  enginesPerNetwork: 1,
  threads: 1,
  device: { requested: 'cpu', strict: false },
  timeoutMs: 600_000,
  loadTimeoutMs: 600_000,
  shrinkAfterMs: 600_000,
  image: { maxBytes: MEBIBYTE, maxPixels: 10_000_000, maxSide: 10_000, timeoutSeconds: 600 },
  env: { PATH: process.env.PATH },
  maxRssBytes: 4096 * MEBIBYTE,
  onStderr: () => undefined,
});
