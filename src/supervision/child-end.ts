/** How a child process ended. */
export interface ChildEnd {
  /** `null` when a signal ended it, or it never ran. */
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
  /** Set when the process could not be started. */
  readonly startError: Error | undefined;
  /** The last of what it wrote to stderr. */
  readonly stderr: string;
  /** What its parent ended it for; `undefined` when it ended by itself or was ended by the system. */
  readonly reason: unknown;
}

/** The cause of an end in a few words, such as `SIGKILL` or `code 1`. */
export function describeEnd({ exitCode, exitSignal, startError }: ChildEnd): string {
  return startError?.message ?? exitSignal ?? `code ${String(exitCode)}`;
}
