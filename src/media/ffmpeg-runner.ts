import { Readable, type Writable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
import type { ChildEnd as ProcessEnd } from '../supervision/child-end.js';
import type { ConfinementLimits, ConfinementTools } from '../supervision/confinement.js';
import { SYSTEM_PATH } from '../supervision/minimal-environment.js';
import { KILL_GRACE_MS, SupervisedChild } from '../supervision/supervised-child.js';

const STDERR_CAP_BYTES = 64 * 1024;
const DETAIL_TAIL_CHARS = 2000;
/** Messages of FFmpeg's libraries and of the dynamic linker when memory runs out. */
const OUT_OF_MEMORY = /(?:cannot|could not|failed to) allocate|failed to map segment/i;
const CHILD_ENVIRONMENT = {
  // The parent's environment contains passwords and keys; a decoder of untrusted files must not inherit them.
  PATH: SYSTEM_PATH,
  LC_ALL: 'C',
  AV_LOG_FORCE_NOCOLOR: '1',
};

/** Command line and limits of one run of ffmpeg or ffprobe. */
export interface ChildSpec {
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  readonly limits: ConfinementLimits;
  /** Commands that confine the child; detected by default. */
  readonly confinement?: ConfinementTools;
  /**
   * The child is killed after this many milliseconds; no limit by default, then the caller must enforce one.
   */
  readonly wallClockMs?: number;
  readonly signal?: AbortSignal;
  /** Whether the child reads from {@link FfmpegChild.stdin}; otherwise stdin is closed. */
  readonly takesInput?: boolean;
}

/** Why we stopped a child. */
export type StopReason = 'timeout' | 'abort' | 'done';

/** How a child ended. */
export interface ChildEnd {
  /** `null` when a signal killed it. */
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
  /** The last 64 KB of the child's stderr. */
  readonly stderr: string;
  /** Set when we stopped the child; undefined when it exited by itself or was killed by the kernel. */
  readonly stoppedBy: StopReason | undefined;
}

/**
 * A running ffmpeg or ffprobe. It ends by itself, by the wall-clock limit or by the abort signal. The caller
 * must read `stdout` to its end or call {@link stop}.
 */
export class FfmpegChild {
  readonly stdout: Readable;
  /** Standard input of the child; `null` unless `takesInput` is set. Errors are reported by {@link ended}. */
  readonly stdin: Writable | null;
  /**
   * Resolves when the process has exited and its pipes are closed; rejects only when it could not be started.
   */
  readonly ended: Promise<ChildEnd>;
  readonly #child: SupervisedChild;
  #stoppedBy: StopReason | undefined;

  constructor(spec: ChildSpec) {
    const { command, args, limits, confinement, signal, takesInput, wallClockMs } = spec;
    signal?.throwIfAborted();
    const child = new SupervisedChild({
      program: { command, args },
      env: CHILD_ENVIRONMENT,
      limits,
      confinement,
      stdin: takesInput ? 'pipe' : undefined,
      stdout: 'pipe',
      stderrKeptBytes: STDERR_CAP_BYTES,
      lost: (end) => end,
    });
    this.#child = child;
    this.stdout = child.stdout ?? Readable.from([]);
    this.stdin = child.stdin;
    const onAbort = (): void => this.interrupt('abort');
    signal?.addEventListener('abort', onAbort, { once: true });
    const wallClock =
      wallClockMs === undefined ? undefined : setTimeout(() => this.interrupt('timeout'), wallClockMs);
    this.ended = child.ended.then((end) => {
      clearTimeout(wallClock);
      signal?.removeEventListener('abort', onAbort);
      if (end.startError !== undefined) throw notStarted(command, end.startError);
      return this.#endOf(end);
    });
    // If the caller fails before awaiting `ended`, a failed start must not become an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  /** Process id; `undefined` when the program could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Stops the child with SIGTERM, and SIGKILL after two seconds; resolves when it has exited. No effect on an
   * exited child.
   */
  async stop(): Promise<ChildEnd> {
    this.interrupt('done');
    // Nothing reads stdout any more, and an unread pipe would prevent the 'close' event.
    this.stdout.destroy();
    return this.ended;
  }

  /** Sends SIGTERM, and SIGKILL after two seconds; a reader of `stdout` then reaches its end. */
  interrupt(reason: StopReason): void {
    if (!this.#child.usable) return;
    this.#stoppedBy = reason;
    void this.#child.end(reason, KILL_GRACE_MS);
  }

  #endOf({ exitCode, exitSignal, stderr }: ProcessEnd): ChildEnd {
    return { exitCode, exitSignal, stderr, stoppedBy: this.#stoppedBy };
  }
}

/** Result of {@link runFfmpeg}. */
export interface RunOutput {
  readonly stdout: Buffer;
  readonly end: ChildEnd;
}

/**
 * Runs a child to completion and collects its stdout (at most `maxStdoutBytes`, 16 MiB by default). Rejects
 * when it was stopped (time limit, abort, too much output) or killed by the kernel. Any other non-zero exit
 * code is returned, since its meaning depends on the call.
 */
export async function runFfmpeg(spec: ChildSpec, maxStdoutBytes = 16 * 1024 * 1024): Promise<RunOutput> {
  const child = new FfmpegChild(spec);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxStdoutBytes) throw outputTooLong(maxStdoutBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    await child.stop();
    throw error;
  }
  const end = await child.ended;
  throwIfStopped(end, spec);
  return { stdout: Buffer.concat(chunks), end };
}

/**
 * Throws if the child was ended for a reason that is not the file: abort (the signal's reason), wall clock
 * (`MEDIA_TIMEOUT`), processor time or memory (`RESOURCE_LIMIT`).
 */
export function throwIfStopped(end: ChildEnd, spec: Pick<ChildSpec, 'signal' | 'wallClockMs'>): void {
  if (end.stoppedBy === 'abort') spec.signal?.throwIfAborted();
  if (end.stoppedBy === 'timeout') {
    const limit = spec.wallClockMs === undefined ? 'its time limit' : `${spec.wallClockMs / 1000} s`;
    throw new AppError('MEDIA_TIMEOUT', {
      message: `Reading the media took longer than ${limit}.`,
      details: failureDetails(end),
    });
  }
  const killedByKernel =
    end.stoppedBy === undefined && (end.exitSignal === 'SIGKILL' || end.exitSignal === 'SIGXCPU');
  if (killedByKernel || OUT_OF_MEMORY.test(end.stderr)) {
    throw new AppError('RESOURCE_LIMIT', {
      message: 'Reading the media exceeded the limits on memory or processor time per file.',
      details: failureDetails(end),
    });
  }
}

/** Exit code and last lines of stderr, without file names, which would reveal paths of the server. */
export function failureDetails(end: ChildEnd): Readonly<Record<string, unknown>> {
  const stderr = end.stderr.replaceAll(/(?:file:)?\/[^\s:'"]+/g, '<file>').slice(-DETAIL_TAIL_CHARS);
  return { exitCode: end.exitCode, exitSignal: end.exitSignal, stderr };
}

function notStarted(command: string, cause: Error): AppError {
  const program = command.split('/').at(-1);
  return new AppError('FFMPEG_NOT_STARTED', {
    message: `The program ${program} could not be started.`,
    cause,
  });
}

function outputTooLong(limit: number): AppError {
  return new AppError('RESOURCE_LIMIT', {
    message: `The media metadata exceeds the limit of ${limit} bytes.`,
  });
}
