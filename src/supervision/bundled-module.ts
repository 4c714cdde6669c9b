import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What `scripts/bundle.mjs` writes next to a bundle. */
const bundleRecord = z.object({
  /** Compiled modules in the bundle, relative to the output folder of the build. */
  inputs: z.array(z.string()),
  /** Digest of their contents, one after the other. */
  sha256: z.string(),
});

const OUTPUT_FOLDER = fileURLToPath(new URL('../../', import.meta.url));
const known = new Map<string, string>();

/**
 * What starts the bundle of an entry module, in which all of its modules and packages are one file, which starts sooner; or
 * the module itself where there is no bundle or one of other code. Read once in this process.
 * @param module absolute path
 * @param outputFolder of the build
 */
export function bundledModule(module: string, outputFolder = OUTPUT_FOLDER): string {
  const found = known.get(module) ?? findBundle(module, outputFolder);
  known.set(module, found);
  return found;
}

function findBundle(module: string, outputFolder: string): string {
  const bundle = path.join(outputFolder, 'bundles', path.relative(outputFolder, module));
  try {
    const text = readFileSync(path.join(bundle, 'inputs.json'), 'utf8');
    const { inputs, sha256 } = bundleRecord.parse(JSON.parse(text));
    const hash = createHash('sha256');
    for (const input of inputs) hash.update(readFileSync(path.join(outputFolder, input)));
    return hash.digest('hex') === sha256 ? path.join(bundle, 'start.cjs') : module;
  } catch {
    return module;
  }
}
