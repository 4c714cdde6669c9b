import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { Socket } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import { messageOf } from '../errors/app-error.js';
import { descriptorOf, openChannel, type ChannelKind, type ChildChannel } from './child-channel.js';
import type { ChildEnd } from './child-end.js';
import type { ChildProgram } from './child-program.js';
import {
  confinementPrefix,
  detectConfinementTools,
  type ConfinementLimits,
  type ConfinementTools,
} from './confinement.js';
import { residentBytes } from './resident-memory.js';
import { Waiters, type Waiter } from './waiters.js';

/** Milliseconds between SIGTERM and SIGKILL. */
export const KILL_GRACE_MS = 2000;

const STDERR_KEPT_BYTES = 4096;
const MEMORY_CHECK_MS = 200;
/** How long to wait for the last output of a process whose pipes are held open by another process. */
const DRAIN_MS = 1000;

/** Memory limit of a child, and the error with which pending requests are rejected at the limit. */
export interface MemoryLimit {
  readonly residentBytes: number;
  exceeded(): unknown;
}

/** The program to run, and its bounds. */
export interface SupervisedChildOptions {
  readonly program: ChildProgram;
  /** The complete environment of the child; see `minimalEnvironment`. */
  readonly env: NodeJS.ProcessEnv;
  /** Limits enforced by the system, if it has the commands for it. */
  readonly limits?: ConfinementLimits;
  /** Confinement commands; detected by default. */
  readonly confinement?: ConfinementTools;
  /** Memory limit enforced by this process, if the system reports the memory of processes. */
  readonly memory?: MemoryLimit;
  readonly channel?: ChannelKind;
  readonly stdin?: 'pipe';
  readonly stdout?: 'pipe';
  /** Number of stderr bytes to keep; 4096 by default. */
  readonly stderrKeptBytes?: number;
  /**
   * Whether the child gets its own process group: Ctrl-C in a terminal does not reach it, and SIGKILL reaches
   * its children too.
   */
  readonly ownGroup?: boolean;
  /** Whether an idle child does not keep this process running. */
  readonly background?: boolean;
  /** The error for pending requests when the child exits by itself. */
  lost(end: ChildEnd): unknown;
  /** Handles a message; throwing ends the child. */
  onMessage?(message: unknown): void;
  /** The error for an invalid message. */
  invalidMessage?(why: string): unknown;
  onStderr?(text: string): void;
}

/** Bounds of one request. */
export interface RequestBounds {
  readonly timeLimit?: { readonly ms: number; exceeded(): unknown };
  readonly signal?: AbortSignal;
  /** Milliseconds that the child gets to stop by itself; none by default. */
  readonly graceMs?: number;
}

/**
 * A child process: confined, without its parent's environment, terminated with its parent, and limited in
 * memory and time. However it ends, all pending promises are settled.
 */
export class SupervisedChild {
  readonly stdout: Readable | null = null;
  /** Its errors are reported by the end of the process. */
  readonly stdin: Writable | null = null;
  /** Resolves when the process has exited; never rejects. */
  readonly ended: Promise<ChildEnd>;
  readonly #options: SupervisedChildOptions;
  readonly #child: ChildProcess | undefined;
  readonly #waiters = new Waiters();
  #channel: ChildChannel | undefined;
  #stderr = Buffer.alloc(0);
  #startError: Error | undefined;
  #ending: { readonly reason: unknown } | undefined;
  #gone = false;
  #killer: NodeJS.Timeout | undefined;
  #memoryCheck: NodeJS.Timeout | undefined;
  #residentBytes = 0;

  constructor(options: SupervisedChildOptions) {
    this.#options = options;
    const child = this.#spawn();
    this.#child = child;
    // Without free file descriptors there is a process object, but no streams.
    this.stdout = child?.stdout ?? (options.stdout === 'pipe' ? Readable.from([]) : null);
    this.stdin = child?.stdin ?? null;
    this.stdin?.on('error', () => undefined);
    this.ended = this.#watch();
    if (child) this.#connect(child);
    this.#watchMemory();
    if (options.background) this.#hold(false);
  }

  /** `undefined` when the process could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it is running and was not asked to end. */
  get usable(): boolean {
    const running = this.#child?.exitCode === null && this.#child.signalCode === null;
    return running && !this.#gone && this.#ending === undefined;
  }

  /** Resident memory at the last check; 0 if the system does not report it. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** Sends a message; it is lost if the child has exited, which its end reports. */
  send(message: object, bytes?: Uint8Array): void {
    this.#channel?.send(message, bytes);
  }

  /** Waits for an answer; rejects when the child ends first. */
  wait<Value>(begin: (waiter: Waiter<Value>) => void): Promise<Value> {
    if (this.#options.background) this.#hold(true);
    return this.#waiters.add(begin).finally(() => {
      if (this.#options.background && this.#waiters.size === 0) this.#hold(false);
    });
  }

  /**
   * Waits for an answer within bounds. When they are exceeded, the child is ended, and the promise rejects
   * once it has exited.
   */
  async request<Value>(begin: (waiter: Waiter<Value>) => void, bounds: RequestBounds): Promise<Value> {
    const { timeLimit, signal, graceMs } = bounds;
    signal?.throwIfAborted();
    const onAbort = (): void => void this.end(signal?.reason, graceMs);
    const overdue = timeLimit && setTimeout(() => void this.end(timeLimit.exceeded(), graceMs), timeLimit.ms);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.wait<Value>((waiter) => {
        // While the child is being ended, only its exit settles the request, because only then has its work
        // really stopped.
        const unlessEnding = (settle: () => void): void =>
          this.#ending === undefined ? settle() : undefined;
        begin({
          ...waiter,
          resolve: (value) => unlessEnding(() => waiter.resolve(value)),
          reject: (error) => unlessEnding(() => waiter.reject(error)),
        });
      });
    } finally {
      clearTimeout(overdue);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Ends the child: SIGKILL immediately, or SIGTERM first and SIGKILL after `graceMs`. The first reason
   * rejects all pending requests.
   */
  end(reason: unknown, graceMs = 0): Promise<ChildEnd> {
    this.#ending ??= { reason };
    if (this.#gone) return this.ended;
    if (graceMs <= 0) {
      this.#signal('SIGKILL');
    } else if (this.#killer === undefined) {
      this.#signal('SIGTERM');
      this.#killer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    }
    return this.ended;
  }

  #spawn(): ChildProcess | undefined {
    const { program, env, channel, stdin = 'ignore', stdout = 'ignore', ownGroup } = this.#options;
    const tools = this.#options.confinement ?? detectConfinementTools();
    const [command, ...args] = [
      ...confinementPrefix(this.#options.limits ?? {}, tools),
      program.command,
      ...program.args,
    ];
    const stdio: StdioOptions = [stdin, stdout, 'pipe', ...descriptorOf(channel)];
    try {
      return spawn(command, args, {
        env,
        stdio,
        detached: ownGroup,
        serialization: channel === 'advanced' ? 'advanced' : 'json',
      });
    } catch (error) {
      // Running out of memory for a process throws; other causes are events.
      this.#startError = error instanceof Error ? error : new Error(messageOf(error));
      return undefined;
    }
  }

  #connect(child: ChildProcess): void {
    const { channel, onStderr } = this.#options;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(
        -(this.#options.stderrKeptBytes ?? STDERR_KEPT_BYTES),
      );
      onStderr?.(chunk.toString());
    });
    this.#channel = openChannel(child, channel, {
      receive: (message) => this.#options.onMessage?.(message),
      onInvalidMessage: (error) => this.#rejectMessage(error),
    });
  }

  #rejectMessage(error: unknown): void {
    const why = messageOf(error);
    void this.end(
      this.#options.invalidMessage?.(why) ?? new Error(`The child sent an invalid message: ${why}`),
    );
  }

  #watch(): Promise<ChildEnd> {
    return new Promise<ChildEnd>((resolve) => {
      const finish = (exitCode: number | null, exitSignal: NodeJS.Signals | null): void => {
        if (this.#gone) return;
        this.#gone = true;
        clearTimeout(this.#killer);
        clearInterval(this.#memoryCheck);
        const end: ChildEnd = {
          exitCode,
          exitSignal,
          startError: this.#startError,
          stderr: this.#stderr.toString('utf8'),
          reason: this.#ending?.reason,
        };
        this.#waiters.rejectAll(this.#ending === undefined ? this.#options.lost(end) : this.#ending.reason);
        resolve(end);
      };
      if (this.#child === undefined) {
        setImmediate(() => finish(null, null));
        return;
      }
      // `close` follows when all output was read, but is delayed while another process holds the pipes.
      this.#child.once('close', finish);
      this.#child.once('exit', (code, signal) => {
        if (this.stdout === null) setTimeout(() => finish(code, signal), DRAIN_MS).unref();
      });
      this.#child.on('error', (error) => {
        // Later errors concern signals or messages that could not be sent.
        if (this.pid !== undefined) return;
        this.#startError = error;
        finish(null, null);
      });
    });
  }

  /** Monitors the memory of the child from outside, because a child cannot report it while it computes. */
  #watchMemory(): void {
    const { memory } = this.#options;
    const pid = this.pid;
    if (pid === undefined || memory === undefined) return;
    this.#memoryCheck = setInterval(() => {
      this.#residentBytes = residentBytes(pid) ?? this.#residentBytes;
      if (this.#residentBytes > memory.residentBytes) void this.end(memory.exceeded());
    }, MEMORY_CHECK_MS).unref();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (signal === 'SIGKILL' && this.#options.ownGroup) {
      try {
        process.kill(-child.pid, signal);
        return;
      } catch {
        // The process group does not exist any more, or not yet.
      }
    }
    child.kill(signal);
  }

  /** Whether the child keeps this process running. */
  #hold(running: boolean): void {
    const child = this.#child;
    const pipe = child?.stderr instanceof Socket ? child.stderr : undefined;
    for (const part of [child, child?.channel, pipe]) {
      if (running) part?.ref();
      else part?.unref();
    }
  }
}
