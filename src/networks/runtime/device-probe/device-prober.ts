import { fileURLToPath } from 'node:url';
import type { DeviceUsed } from '../../../domain/job.js';
import { messageOf } from '../../../errors/app-error.js';
import { describeEnd, type ChildEnd } from '../../../supervision/child-end.js';
import { nodeProgram } from '../../../supervision/child-program.js';
import { minimalEnvironment } from '../../../supervision/minimal-environment.js';
import { SupervisedChild } from '../../../supervision/supervised-child.js';

/** What a probe found out about a device. */
export interface DeviceVerdict {
  readonly ok: boolean;
  readonly reason: string;
}

/** Settings of {@link DeviceProber}; the defaults serve everything but tests. */
export interface DeviceProberOptions {
  /** Longest wait for a verdict, milliseconds; a software driver needs about one second. */
  readonly timeoutMs?: number;
  /** Resident memory at which the probe is ended, in bytes; drivers take some hundred megabytes. */
  readonly maxRssBytes?: number;
  /** Module of the probe process. */
  readonly script?: string;
}

/** How much of the driver's output on stderr is read. */
const STDERR_KEPT_BYTES = 16_384;
const MAX_RSS_BYTES = 4 * 2 ** 30;

/**
 * Finds out whether a device can be used at all, in a child process: a driver that aborts or hangs takes the probe with
 * it and not the engine. One child per device and process; the verdict is kept, as the runtime keeps its own failed
 * device context for the life of a process too.
 */
export class DeviceProber {
  readonly #verdicts = new Map<DeviceUsed, Promise<DeviceVerdict>>();
  readonly #timeoutMs: number;
  readonly #maxRssBytes: number;
  readonly #script: string;

  constructor(options: DeviceProberOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxRssBytes = options.maxRssBytes ?? MAX_RSS_BYTES;
    this.#script = options.script ?? fileURLToPath(new URL('./main.js', import.meta.url));
  }

  /** Never rejects: whatever goes wrong is the reason of a refusal. The CPU needs no probe. */
  verdict(device: DeviceUsed): Promise<DeviceVerdict> {
    if (device === 'cpu') return Promise.resolve({ ok: true, reason: 'the CPU is always there' });
    const known = this.#verdicts.get(device);
    if (known) return known;
    const fresh = this.#probe(device);
    this.#verdicts.set(device, fresh);
    return fresh;
  }

  async #probe(device: DeviceUsed): Promise<DeviceVerdict> {
    let answer: DeviceVerdict | null = null;
    const child = new SupervisedChild({
      // No Node options: a debugger port or loader flags of this process are not the probe's.
      program: nodeProgram(this.#script, { args: [device] }),
      env: minimalEnvironment(),
      channel: 'json',
      stderrKeptBytes: STDERR_KEPT_BYTES,
      memory: {
        residentBytes: this.#maxRssBytes,
        exceeded: () =>
          new Error(`its driver took more than ${String(this.#maxRssBytes / 2 ** 20)} MiB of memory`),
      },
      lost: (end) => new Error(failureOf(end)),
      onMessage: (message) => (answer = parseVerdict(message)),
    });
    const exceeded = (): Error =>
      new Error(`its driver did not answer within ${String(this.#timeoutMs / 1000)} s`);
    // Only when the probe has ended all that its driver wrote was read.
    const failure = await child
      .request<never>(() => undefined, { timeLimit: { ms: this.#timeoutMs, exceeded } })
      .catch(messageOf);
    if (answer === null) return { ok: false, reason: failure };
    return withDriverWarnings(answer, (await child.ended).stderr);
  }
}

function failureOf(end: ChildEnd): string {
  if (end.startError !== undefined) return `the probe could not be started: ${end.startError.message}`;
  const how = end.exitSignal === null ? `exit ${describeEnd(end)}` : describeEnd(end);
  return `the probe of its driver died (${how})`;
}

function parseVerdict(message: unknown): DeviceVerdict | null {
  if (typeof message !== 'object' || message === null || !('ok' in message) || !('reason' in message))
    return null;
  return { ok: message.ok === true, reason: String(message.reason) };
}

/** The runtime's error only says that no adapter was found; the driver loader writes the reason to stderr. */
function withDriverWarnings(verdict: DeviceVerdict, stderr: string): DeviceVerdict {
  if (verdict.ok) return verdict;
  const lines = stderr.split('\n').filter((line) => line.startsWith('Warning: '));
  const warnings = [
    ...new Set(lines.map((line) => line.slice('Warning: '.length).trim().slice(0, 160))),
  ].slice(0, 3);
  return warnings.length === 0
    ? verdict
    : { ok: false, reason: `${verdict.reason} (${warnings.join('; ')})` };
}
