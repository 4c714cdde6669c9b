import { openDatabaseBroker, type DatabaseBroker } from './database-broker.js';
import { openRunFolder, type RunFolder } from './run-folder.js';

declare global {
  /** Kept for the teardown, which runs in the same process. */
  var infernodeTestRun: { readonly broker: DatabaseBroker; readonly folder: RunFolder } | undefined;
}

/** Opens the broker of test databases and the folder of temporary files, and tells the test processes where they are. */
export default async function globalSetup(): Promise<void> {
  const folder = openRunFolder();
  process.env.TMPDIR = folder.path;
  const broker = await openDatabaseBroker();
  globalThis.infernodeTestRun = { broker, folder };
  process.env.INFERNODE_TEST_DATABASE_BROKER = broker.url;
}
