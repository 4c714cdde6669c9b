/** Ends the database server, if any test asked for one, and removes its files. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.infernodeDatabaseBroker?.close();
}
