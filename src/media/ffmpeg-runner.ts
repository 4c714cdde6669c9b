import { Readable, type Writable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
import type { ChildEnd as ProcessEnd } from '../supervision/child-end.js';
import type { ConfinementLimits, ConfinementTools } from '../supervision/confinement.js';
import { SYSTEM_PATH } from '../supervision/minimal-environment.js';
import { KILL_GRACE_MS, SupervisedChild } from '../supervision/supervised-child.js';

const STDERR_CAP_BYTES = 64 * 1024;
const DETAIL_TAIL_CHARS = 2000;
/** FFmpeg's parts and the dynamic linker each have their own words for it. */
const OUT_OF_MEMORY = /(?:cannot|could not|failed to) allocate|failed to map segment/i;
const CHILD_ENVIRONMENT = {
  // The parent's environment holds passwords and keys; a decoder of foreign files must not inherit them.
  PATH: SYSTEM_PATH,
  LC_ALL: 'C',
  AV_LOG_FORCE_NOCOLOR: '1',
};

/** One run of ffmpeg or ffprobe. */
export interface ChildSpec {
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  readonly limits: ConfinementLimits;
  /** Wrapping commands to use; what this machine has when left out. */
  readonly confinement?: ConfinementTools;
  /** The child is killed after this many milliseconds; no limit when left out (then watch it yourself). */
  readonly wallClockMs?: number;
  readonly signal?: AbortSignal;
  /** Whether the child reads from {@link FfmpegChild.stdin}; otherwise it has no input. */
  readonly takesInput?: boolean;
}

/** Why a child was ended from our side. */
export type StopReason = 'timeout' | 'abort' | 'done';

/** How a child ended. */
export interface ChildEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
  /** The last 64 KB the child wrote to stderr. */
  readonly stderr: string;
  /** Set when we ended it; otherwise the child ended by itself or was killed by the kernel. */
  readonly stoppedBy: StopReason | undefined;
}

/**
 * A running ffmpeg or ffprobe with its three ways out: by itself, by the wall clock, by the abort signal.
 * The caller must read `stdout` to its end or call {@link stop}.
 */
export class FfmpegChild {
  readonly stdout: Readable;
  /** Where the child reads; `null` unless it was asked for. Its errors are reported by {@link ended}. */
  readonly stdin: Writable | null;
  /** Settles once, after the process is gone and its pipes are closed; rejects only when it could not be started. */
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
    // A caller that fails before awaiting `ended` must not turn a failed start into an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  /** Process id; `undefined` when the program could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the child: SIGTERM, SIGKILL after two seconds; resolves when it is gone. Harmless on an ended child. */
  async stop(): Promise<ChildEnd> {
    this.interrupt('done');
    // No reader is left: an unread pipe would delay the 'close' event for ever.
    this.stdout.destroy();
    return this.ended;
  }

  /** Sends SIGTERM, and SIGKILL after two seconds; a reader of `stdout` then sees its end. */
  interrupt(reason: StopReason): void {
    if (!this.#child.usable) return;
    this.#stoppedBy = reason;
    void this.#child.end(reason, KILL_GRACE_MS);
  }

  #endOf({ exitCode, exitSignal, stderr }: ProcessEnd): ChildEnd {
    return { exitCode, exitSignal, stderr, stoppedBy: this.#stoppedBy };
  }
}

/** What {@link runFfmpeg} hands back. */
export interface RunOutput {
  readonly stdout: Buffer;
  readonly end: ChildEnd;
}

/**
 * Runs a child to its end and collects its stdout (at most `maxStdoutBytes`, 16 MiB by default).
 * Rejects when it was stopped (time, abort, too much output) or killed by the kernel; a plain non-zero exit code
 * is returned, since its meaning depends on the call.
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
 * Throws for every end that says nothing about the file: abort (the signal's reason), wall clock
 * (`MEDIA_TIMEOUT`), processor time or memory used up (`RESOURCE_LIMIT`).
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
      message: 'Reading the media needs more memory or processor time than one file may use.',
      details: failureDetails(end),
    });
  }
}

/** Exit code and the last lines of stderr, without file names, which would reveal the server's paths. */
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
    message: `Reading the media gave more than ${limit} bytes of description.`,
  });
}
