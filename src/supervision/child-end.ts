/** How a child process ended. */
export interface ChildEnd {
  /** `null` when a signal killed it, or it never ran. */
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
  /** Set when the process could not be started. */
  readonly startError: Error | undefined;
  /** The last part of its stderr. */
  readonly stderr: string;
  /**
   * The reason for which the parent ended it; `undefined` when it exited by itself or was killed by the
   * system.
   */
  readonly reason: unknown;
}

/** The cause in a few words, such as `SIGKILL` or `code 1`. */
export function describeEnd({ exitCode, exitSignal, startError }: ChildEnd): string {
  return startError?.message ?? exitSignal ?? `code ${String(exitCode)}`;
}
