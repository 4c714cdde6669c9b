/** Ends the database server, if any test asked for one, and removes the run's files. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.infernodeTestRun?.broker.close();
  globalThis.infernodeTestRun?.folder.remove();
}
