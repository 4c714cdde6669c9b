import { spawnSync } from 'node:child_process';

/** Resource limits of a confined child, enforced by the kernel (setrlimit). */
export interface ConfinementLimits {
  /** Virtual memory in bytes; an allocation beyond it fails inside the child. */
  readonly addressSpaceBytes?: number;
  /**
   * Private writable memory in bytes; an allocation beyond it fails inside the child. For programs such as
   * Node that reserve far more address space than they use.
   */
  readonly dataBytes?: number;
  /** Seconds of processor time; the kernel kills the child at the limit. */
  readonly cpuSeconds?: number;
  /** Maximum size of a file that the child writes, in bytes; pipes are not counted. */
  readonly fileSizeBytes?: number;
  /** Maximum number of open file descriptors. */
  readonly openFiles?: number;
}

/** Which of the two wrapper commands are available. */
export interface ConfinementTools {
  /** util-linux `setpriv --pdeathsig`: the kernel kills the child when its parent dies, even by `kill -9`. */
  readonly setpriv: boolean;
  /** util-linux `prlimit`: sets the limits before the child's first instruction. */
  readonly prlimit: boolean;
}

/** Limits for probing an upload: no files are written, and a normal file needs a small part of this. */
export const PROBE_LIMITS = {
  addressSpaceBytes: 2_000_000_000,
  cpuSeconds: 20,
  fileSizeBytes: 0,
  openFiles: 64,
} as const satisfies ConfinementLimits;

/** Limits for decoding a whole range of frames into a pipe: hours of processor time, still no files. */
export const DECODE_LIMITS: ConfinementLimits = { ...PROBE_LIMITS, cpuSeconds: 6 * 3600 };

/** No confinement, as on macOS, which has neither command. */
export const NO_CONFINEMENT: ConfinementTools = { setpriv: false, prlimit: false };

/**
 * Command prefix that runs a command line within `limits` and makes it die with its parent. Both commands
 * replace themselves (exec), so the pid is that of the child. Empty if neither is available; then only the
 * runner's wall-clock limit applies.
 * `pdeathsig` is bound to the *thread* that spawned the child, so never spawn from a worker thread that may
 * end first.
 */
export function confinementPrefix(limits: ConfinementLimits, tools: ConfinementTools): readonly string[] {
  const prefix: string[] = [];
  if (tools.setpriv) prefix.push('setpriv', '--pdeathsig', 'KILL', '--');
  // Soft and hard limit are equal on purpose: at a soft limit ffmpeg handles SIGXCPU and exits as if it had
  // finished.
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
 * Detects, once per process, which wrapper commands work. They are run, not only looked up: BusyBox has a
 * `setpriv` without `--pdeathsig`.
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
