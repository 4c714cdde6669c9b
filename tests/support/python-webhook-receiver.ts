import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const SCRIPT = path.resolve('tests', 'support', 'webhook_receiver.py');

const portNumber = z.coerce.number().int().positive();
const seenMessage = z.object({
  verified: z.boolean(),
  type: z.string().optional(),
  jobId: z.string().nullable().optional(),
});
/** What a receiver found in one message. */
export type SeenMessage = z.infer<typeof seenMessage>;

/** A receiver in Python, which verifies messages with `standardwebhooks` of PyPI. */
export interface PythonReceiver {
  readonly url: string;
  readonly seen: readonly SeenMessage[];
  close(): Promise<void>;
}

/** Whether this Python has the package that {@link startPythonReceiver} needs. */
export const verifiesWebhooks = (python: string): boolean =>
  spawnSync(python, ['-c', 'import standardwebhooks'], { stdio: 'ignore' }).status === 0;

/** Starts a receiver for messages that are signed with this secret. @throws Error when it does not start */
export async function startPythonReceiver(python: string, secret: string): Promise<PythonReceiver> {
  const child = spawn(python, [SCRIPT, secret], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const failed = once(child, 'error').then(([error]) => String(error));
  const seen: SeenMessage[] = [];
  const lines = createInterface({ input: child.stdout });
  const firstLine = once(lines, 'line').then(([line]) => String(line));
  const first = await Promise.race([firstLine, failed, ended.then(() => 'it ended')]);
  const port = portNumber.safeParse(first);
  if (!port.success)
    throw new Error(`${python} does not run ${SCRIPT}, which needs standardwebhooks: ${first}`);
  lines.on('line', (line) => seen.push(seenMessage.parse(JSON.parse(line))));
  return {
    url: `http://127.0.0.1:${String(port.data)}/hook`,
    seen,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
