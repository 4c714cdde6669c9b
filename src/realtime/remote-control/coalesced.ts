/**
 * Wraps asynchronous work so that it runs one at a time: calls during a run cause exactly one more run afterwards,
 * which sees everything that changed before them.
 */
export function coalesced(onError: (error: unknown) => void, work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work().catch(onError);
    } while (again);
    running = false;
  };
  return () => {
    again = true;
    if (running) return;
    running = true;
    void run();
  };
}
