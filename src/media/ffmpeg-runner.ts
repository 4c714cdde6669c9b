import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
import {
  confinementPrefix,
  detectConfinementTools,
  type ConfinementLimits,
  type ConfinementTools,
} from '../supervision/confinement.js';

/** Time a child gets between SIGTERM and SIGKILL, in milliseconds. */
export const KILL_GRACE_MS = 2000;

const STDERR_CAP_BYTES = 64 * 1024;
const DETAIL_TAIL_CHARS = 2000;
/** FFmpeg's parts and the dynamic linker each have their own words for it. */
const OUT_OF_MEMORY = /(?:cannot|could not|failed to) allocate|failed to map segment/i;
const CHILD_ENVIRONMENT = {
  // The parent's environment holds passwords and keys; a decoder of foreign files must not inherit them.
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin',
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
 * Whoever starts one must read `stdout` to its end or call {@link stop}.
 */
export class FfmpegChild {
  readonly stdout: Readable;
  /** Where the child reads; `null` unless it was asked for. Its errors are told by {@link ended}. */
  readonly stdin: Writable | null;
  /** Settles once, after the process is gone and its pipes are closed; rejects only when it could not be started. */
  readonly ended: Promise<ChildEnd>;
  private readonly child: ChildProcess;
  private stoppedBy: StopReason | undefined;
  private stderr = Buffer.alloc(0);
  private wallClock: NodeJS.Timeout | undefined;
  private killer: NodeJS.Timeout | undefined;

  constructor(private readonly spec: ChildSpec) {
    spec.signal?.throwIfAborted();
    const tools = spec.confinement ?? detectConfinementTools();
    const [command, ...args] = [...confinementPrefix(spec.limits, tools), spec.command, ...spec.args];
    const child = spawn(command, args, {
      stdio: [spec.takesInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: CHILD_ENVIRONMENT,
    });
    this.child = child;
    this.stdout = child.stdout as Readable;
    this.stdin = child.stdin;
    // A child that ended breaks the pipe; why it ended is said by its end.
    this.stdin?.on('error', () => undefined);
    child.stderr?.on('data', (chunk: Buffer) => this.keepStderr(chunk));
    this.ended = this.watch();
    // A caller that fails before awaiting `ended` must not turn a failed start into an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  /** Process id; `undefined` when the program could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Ends the child: SIGTERM, SIGKILL after two seconds; resolves when it is gone. Harmless on an ended child. */
  async stop(): Promise<ChildEnd> {
    this.interrupt('done');
    // Nobody reads any more: an unread pipe would keep the 'close' event away for ever.
    this.stdout.destroy();
    return this.ended;
  }

  /** Sends SIGTERM, and SIGKILL after two seconds; a reader of `stdout` then sees its end. */
  interrupt(reason: StopReason): void {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.stoppedBy !== undefined)
      return;
    this.stoppedBy = reason;
    this.child.kill('SIGTERM');
    this.killer = setTimeout(() => this.child.kill('SIGKILL'), KILL_GRACE_MS);
  }

  private watch(): Promise<ChildEnd> {
    const { signal, wallClockMs } = this.spec;
    const onAbort = (): void => this.interrupt('abort');
    signal?.addEventListener('abort', onAbort, { once: true });
    if (wallClockMs !== undefined) this.wallClock = setTimeout(() => this.interrupt('timeout'), wallClockMs);
    return new Promise<ChildEnd>((resolve, reject) => {
      this.child.once('error', (cause) => reject(notStarted(this.spec.command, cause)));
      this.child.once('close', (exitCode, exitSignal) => {
        const stderr = this.stderr.toString('utf8');
        resolve({ exitCode, exitSignal, stderr, stoppedBy: this.stoppedBy });
      });
    }).finally(() => {
      clearTimeout(this.wallClock);
      clearTimeout(this.killer);
      signal?.removeEventListener('abort', onAbort);
    });
  }

  private keepStderr(chunk: Buffer): void {
    this.stderr = Buffer.concat([this.stderr, chunk]).subarray(-STDERR_CAP_BYTES);
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
 * is handed back, since its meaning depends on the question asked.
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
    throw new AppError({
      code: 'MEDIA_TIMEOUT',
      kind: 'timeout',
      message: `Reading the media took longer than ${limit}.`,
      details: failureDetails(end),
    });
  }
  const killedByKernel =
    end.stoppedBy === undefined && (end.exitSignal === 'SIGKILL' || end.exitSignal === 'SIGXCPU');
  if (killedByKernel || OUT_OF_MEMORY.test(end.stderr)) {
    throw new AppError({
      code: 'RESOURCE_LIMIT',
      kind: 'invalid',
      message: 'Reading the media needs more memory or processor time than one file may use.',
      details: failureDetails(end),
    });
  }
}

/** Exit code and the last lines of stderr, without file names: they would tell a client where files lie. */
export function failureDetails(end: ChildEnd): Readonly<Record<string, unknown>> {
  const stderr = end.stderr.replaceAll(/(?:file:)?\/[^\s:'"]+/g, '<file>').slice(-DETAIL_TAIL_CHARS);
  return { exitCode: end.exitCode, exitSignal: end.exitSignal, stderr };
}

function notStarted(command: string, cause: Error): AppError {
  const program = command.split('/').at(-1);
  return new AppError({
    code: 'FFMPEG_NOT_STARTED',
    kind: 'unavailable',
    message: `The program ${program} could not be started.`,
    cause,
  });
}

function outputTooLong(limit: number): AppError {
  return new AppError({
    code: 'RESOURCE_LIMIT',
    kind: 'invalid',
    message: `Reading the media gave more than ${limit} bytes of description.`,
  });
}
