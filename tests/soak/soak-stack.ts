import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

/** A stack of a soak test, on a temporary folder. */
export interface SoakStack {
  readonly stack: RunningStack;
  readonly folder: string;
  /** Ends the stack and removes the folder. Safe to call twice. */
  end(): Promise<void>;
}

type StackSettings = Readonly<Record<string, string>>;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts a stack that ends with the soak test, also when that is told to end by SIGINT or SIGTERM.
 * @param settings environment of the stack, or what makes it from the folder
 */
export async function startSoakStack(
  prefix: string,
  settings: StackSettings | ((folder: string) => StackSettings) = {},
): Promise<SoakStack> {
  const folder = await makeStackFolder(prefix);
  let child: ChildProcess | undefined;
  const clear = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  let clearing: Promise<void> | undefined;
  const end = (): Promise<void> => (clearing ??= clear());
  const onSignal = (signal: NodeJS.Signals): void => {
    void end().finally(() => process.exit(128 + os.constants.signals[signal]));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const environment = typeof settings === 'function' ? settings(folder) : settings;
    const spawned = (started: ChildProcess): void => void (child = started);
    const stack = await startRunningStack(path.join(folder, 'data'), environment, spawned);
    return { stack, folder, end };
  } catch (error) {
    await end();
    throw error;
  }
}
