import { openDatabaseBroker, type DatabaseBroker } from './database-broker.js';

declare global {
  /** Kept for the teardown, which runs in the same process. */
  var infernodeDatabaseBroker: DatabaseBroker | undefined;
}

/** Opens the broker of test databases and tells the test processes where it is. */
export default async function globalSetup(): Promise<void> {
  const broker = await openDatabaseBroker();
  globalThis.infernodeDatabaseBroker = broker;
  process.env.INFERNODE_TEST_DATABASE_BROKER = broker.url;
}
