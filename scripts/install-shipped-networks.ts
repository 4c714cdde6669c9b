import { loadSettings } from '../src/config/load.js';
import { messageOf } from '../src/errors/app-error.js';
import { installShippedNetworks } from './models/shipped.js';

/** Installs the networks of the container image in the models folder, which is a volume. */
const [shipped] = process.argv.slice(2);
if (shipped === undefined) {
  process.stderr.write('Usage: node dist/scripts/install-shipped-networks.js FOLDER\n');
  process.exit(2);
}
const { models } = loadSettings().folders;
try {
  const installed = await installShippedNetworks(shipped, models);
  if (installed.length > 0)
    process.stderr.write(`Networks installed in ${models}: ${installed.join(', ')}\n`);
} catch (error) {
  process.stderr.write(
    `The networks of this image cannot be installed in MODELS_DIR ${models}: ${messageOf(error)}\n` +
      `The folder must be writable for user ${process.getuid?.() ?? 'of this process'}; a named volume is by itself.\n`,
  );
  process.exit(1);
}
