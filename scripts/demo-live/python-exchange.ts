import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Velocity } from '../../clients/typescript/src/index.js';
import type { DriveAnswer, FrameExchange, OpenExchange } from './drive.js';
import { DEMO_WATCHDOG_MS, type DemoSessionOptions } from './typescript-exchange.js';

const program = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'clients',
  'python',
  'infernode_servo.py',
);

/** One line of the Python client. */
interface Line extends Partial<DriveAnswer> {
  readonly status: string;
  readonly velocity: Velocity;
  readonly seq?: number;
}

/** Sessions by the Python client, as a process that takes JPEGs on standard input and writes velocities. */
export function pythonExchange(options: DemoSessionOptions & { readonly python: string }): OpenExchange {
  const { client, model, detector, maxFrames, python } = options;
  const { fx, fy, cx, cy } = model.intrinsics;
  return async (goal, { truth }) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-demo-'));
    const goalFile = path.join(folder, 'goal.jpg');
    await writeFile(goalFile, goal);
    const parameters = JSON.stringify({ maxFrames, watchdogMs: DEMO_WATCHDOG_MS });
    const child = spawn(
      python,
      [
        ...[program, '--url', client.baseUrl, '--goal', goalFile, '--source', '-', '--detector', detector],
        ...['--goal-distance', String(truth.goalDistance), '--intrinsics', [fx, fy, cx, cy].join(',')],
        ...['--parameters', parameters, '--stale', String(DEMO_WATCHDOG_MS / 1000)],
      ],
      { env: { ...process.env, INFERNODE_TOKEN: client.accessToken } },
    );
    return new ChildExchange(child, folder);
  };
}

/** The process with one frame under way. */
class ChildExchange implements FrameExchange {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #complaints = '';
  #sequence = -1;
  #resolve: ((answer: DriveAnswer | null) => void) | null = null;

  constructor(child: ChildProcessWithoutNullStreams, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#ended = once(child, 'close').catch((error: unknown) => (this.#complaints += String(error)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    // It may end first; its complaints say why.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (text) => this.#take(JSON.parse(text) as Line));
  }

  async ask(jpeg: Uint8Array): Promise<DriveAnswer | null> {
    this.#sequence += 1;
    const answer = new Promise<DriveAnswer | null>((resolve) => (this.#resolve = resolve));
    this.#child.stdin.write(jpeg);
    const gone = this.#ended.then(() => Promise.reject(new Error(`the client ended: ${this.#complaints}`)));
    return Promise.race([answer, gone]);
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #take({ status, velocity, seq, inliers = 0, matches = 0, confidence = 0, timingsMs }: Line): void {
    if (status === 'timeout' || status === 'ended') return;
    if (seq !== undefined && seq !== this.#sequence) return;
    this.#resolve?.(timingsMs ? { status, velocity, inliers, matches, confidence, timingsMs } : null);
    this.#resolve = null;
  }
}
