import { fileURLToPath } from 'node:url';
import type { DeviceUsed } from '../../../domain/job.js';
import { messageOf } from '../../../errors/app-error.js';
import { describeEnd, type ChildEnd } from '../../../supervision/child-end.js';
import { nodeProgram } from '../../../supervision/child-program.js';
import { minimalEnvironment } from '../../../supervision/minimal-environment.js';
import { SupervisedChild } from '../../../supervision/supervised-child.js';

/** Result of probing a device. */
export interface DeviceVerdict {
  readonly ok: boolean;
  readonly reason: string;
}

/** Options of {@link DeviceProber}; only tests change the defaults. */
export interface DeviceProberOptions {
  /** Time limit of a probe in milliseconds; a software driver needs about one second. */
  readonly timeoutMs?: number;
  /** Resident memory at which the probe is killed, in bytes; drivers need some hundred megabytes. */
  readonly maxRssBytes?: number;
  /** Module of the probe process. */
  readonly script?: string;
}

/** Maximum number of bytes read from the driver's stderr. */
const STDERR_KEPT_BYTES = 16_384;
const MAX_RSS_BYTES = 4 * 2 ** 30;

/**
 * Probes in a child process whether a device can be used at all, so that a driver that aborts or hangs does
 * not affect the engine. One probe per device; the result is kept for the life of this process, because the
 * runtime also keeps a failed device context that long.
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

  /** Never rejects: any failure becomes the reason why the device is unusable. The CPU needs no probe. */
  verdict(device: DeviceUsed): Promise<DeviceVerdict> {
    if (device === 'cpu') return Promise.resolve({ ok: true, reason: 'the CPU is always available' });
    const known = this.#verdicts.get(device);
    if (known) return known;
    const fresh = this.#probe(device);
    this.#verdicts.set(device, fresh);
    return fresh;
  }

  async #probe(device: DeviceUsed): Promise<DeviceVerdict> {
    let answer: DeviceVerdict | null = null;
    const child = new SupervisedChild({
      // Node options of this process, such as a debugger port or loaders, must not be inherited.
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
    // Only after the probe has exited has all of its stderr been read.
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

/** The runtime only reports that no adapter was found; the driver loader writes the reason to stderr. */
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
