import { spawnSync } from 'node:child_process';

/** What a confined child may use at most; enforced by the kernel (setrlimit), not by the child's good will. */
export interface ConfinementLimits {
  /** Virtual memory in bytes; an allocation beyond it fails inside the child. */
  readonly addressSpaceBytes?: number;
  /**
   * Private memory that can be written, in bytes; an allocation beyond it fails inside the child. For programs that
   * reserve far more addresses than they use, as Node does.
   */
  readonly dataBytes?: number;
  /** Seconds of processor time; the kernel kills the child at the limit. */
  readonly cpuSeconds?: number;
  /** Largest file the child may write, in bytes; pipes are not counted. */
  readonly fileSizeBytes?: number;
  /** Number of open file descriptors. */
  readonly openFiles?: number;
}

/** Which of the two wrapping commands this machine has. */
export interface ConfinementTools {
  /** util-linux `setpriv --pdeathsig`: the kernel kills the child when its parent dies, `kill -9` included. */
  readonly setpriv: boolean;
  /** util-linux `prlimit`: limits are set before the child's first instruction. */
  readonly prlimit: boolean;
}

/** Limits for looking at an upload: nothing is written, a healthy file needs a small part of this. */
export const PROBE_LIMITS = {
  addressSpaceBytes: 2_000_000_000,
  cpuSeconds: 20,
  fileSizeBytes: 0,
  openFiles: 64,
} as const satisfies ConfinementLimits;

/** Limits for decoding a whole range of frames into a pipe: hours of processor time, still no file. */
export const DECODE_LIMITS: ConfinementLimits = { ...PROBE_LIMITS, cpuSeconds: 6 * 3600 };

/** No wrapping at all; what macOS gets, which has neither command. */
export const NO_CONFINEMENT: ConfinementTools = { setpriv: false, prlimit: false };

/**
 * The words to put before a command line so that it runs within `limits` and dies with its parent.
 * Both commands replace themselves by the next one (exec), so the process id stays that of the child we signal.
 * Empty where neither tool exists; then only the wall-clock limit of the runner holds.
 *
 * Beware: `pdeathsig` follows the *thread* that spawned, so never spawn from a worker thread that may end first.
 */
export function confinementPrefix(limits: ConfinementLimits, tools: ConfinementTools): readonly string[] {
  const prefix: string[] = [];
  if (tools.setpriv) prefix.push('setpriv', '--pdeathsig', 'KILL', '--');
  // Soft and hard limit are equal on purpose: ffmpeg answers SIGXCPU by a polite, misleading exit.
  const set = [
    ['as', limits.addressSpaceBytes],
    ['data', limits.dataBytes],
    ['cpu', limits.cpuSeconds],
    ['fsize', limits.fileSizeBytes],
    ['nofile', limits.openFiles],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`--${String(name)}=${String(value)}`]));
  if (tools.prlimit && set.length > 0) prefix.push('prlimit', ...set, '--');
  return prefix;
}

let detected: ConfinementTools | undefined;

/**
 * Finds out, once per process, which wrapping commands really work here.
 * They are run and not only looked up: BusyBox has a `setpriv` without `--pdeathsig`.
 */
export function detectConfinementTools(): ConfinementTools {
  detected ??= {
    setpriv: runs('setpriv', ['--pdeathsig', 'KILL', '--', 'true']),
    prlimit: runs('prlimit', ['--as=1000000000', '--cpu=5', '--fsize=0', '--nofile=64', '--', 'true']),
  };
  return detected;
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 5000 }).status === 0;
}
