/** A call into the runtime that begins or has ended: loading a network, or one run of it. */
export interface NetworkCall {
  readonly id: number;
  /** Id of the network. */
  readonly network: string;
  readonly ended: boolean;
}

/** Resolves when the report of a beginning has left this process, which the call may block. */
export type CallReporter = (call: NetworkCall) => Promise<void>;

let reporter: CallReporter | undefined;
let lastId = 0;

/**
 * Lets an engine report the calls of its networks to its parent. They cannot be interrupted, so the parent kills the
 * engine when one exceeds its limits.
 */
export const reportCalls = (report: CallReporter): void => {
  reporter = report;
};

/** Makes a call, and reports it where this process has a reporter and the network has an id. */
export async function reportedCall<Value>(
  network: string | undefined,
  call: () => Promise<Value>,
): Promise<Value> {
  const report = reporter;
  if (report === undefined || network === undefined) return call();
  const id = ++lastId;
  await report({ id, network, ended: false });
  try {
    return await call();
  } finally {
    void report({ id, network, ended: true });
  }
}
