import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DeviceUsed } from '../../../domain/job.js';

/** What a probe found out about a device. */
export interface DeviceVerdict {
  readonly ok: boolean;
  readonly reason: string;
}

/** Settings of {@link DeviceProber}; the defaults serve everything but tests. */
export interface DeviceProberOptions {
  /** Longest wait for a verdict, milliseconds; a software driver needs about one second. */
  readonly timeoutMs?: number;
  /** Module of the probe process. */
  readonly script?: string;
}

/** How much of the driver's chatter on stderr is looked at. */
const STDERR_LIMIT = 16_384;

/**
 * Finds out whether a device can be used at all, in a child process: a driver that aborts or hangs takes the probe with
 * it and not the engine. One child per device and process; the verdict is kept, as the runtime keeps its own failed
 * device context for the life of a process too.
 */
export class DeviceProber {
  readonly #verdicts = new Map<DeviceUsed, Promise<DeviceVerdict>>();
  readonly #timeoutMs: number;
  readonly #script: string;

  constructor(options: DeviceProberOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
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

  #probe(device: DeviceUsed): Promise<DeviceVerdict> {
    return new Promise((resolve) => {
      // execArgv is emptied: a debugger port or loader flags of this process are not the probe's.
      const child = fork(this.#script, [device], {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      let stderr = '';
      let answer: DeviceVerdict | null = null;
      let failure: string | null = null;
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(0, STDERR_LIMIT);
      });
      const timer = setTimeout(() => {
        failure = `its driver did not answer within ${String(this.#timeoutMs / 1000)} s`;
        child.kill('SIGKILL');
      }, this.#timeoutMs);
      child.on('message', (message) => (answer = parseVerdict(message)));
      child.on('error', (error) => (failure ??= `the probe could not be started: ${error.message}`));
      // `close` and not `exit`: only then has all of stderr been read.
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        failure ??= `the probe of its driver died (${signal ?? `exit code ${String(code)}`})`;
        resolve(answer === null ? { ok: false, reason: failure } : withDriverWarnings(answer, stderr));
      });
    });
  }
}

function parseVerdict(message: unknown): DeviceVerdict | null {
  if (typeof message !== 'object' || message === null || !('ok' in message) || !('reason' in message))
    return null;
  return { ok: message.ok === true, reason: String(message.reason) };
}

/** The runtime's error only says that no adapter was found; why, the driver loader tells on stderr. */
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
