import { loadSettings } from '../src/config/load.js';
import { writeKeyPair } from '../src/services/token-keys.js';

/** `npm run keys`: creates the RSA key pair that signs access tokens; `--force` replaces an existing pair. */
async function main(): Promise<void> {
  const { privateKeyPath, publicKeyPath } = loadSettings().token;
  const written = await writeKeyPair(
    { privateKeyPath, publicKeyPath },
    { overwrite: process.argv.includes('--force') },
  );
  const message = written
    ? `Wrote ${privateKeyPath} (keep it secret) and ${publicKeyPath}.`
    : `${privateKeyPath} exists and was kept; npm run keys-force replaces it and ends all sessions.`;
  process.stdout.write(`${message}\n`);
}

await main();
