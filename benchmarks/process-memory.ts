import { readdirSync, readFileSync } from 'node:fs';

/** One process of this machine. */
interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name in brackets may contain anything, so the fields are counted from its end.
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent: Number(fields[1]), command }];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** Ids of the processes below `root`, including itself; subtrees rejected by `keep` are skipped. */
export function processTree(root: number, keep: (command: string) => boolean = () => true): number[] {
  const all = processes();
  const below = (pid: number): number[] => [
    pid,
    ...all.filter(({ parent }) => parent === pid).flatMap((child) => below(child.pid)),
  ];
  const family = new Set(below(root));
  const chosen = all.filter(({ pid, command }) => family.has(pid) && keep(command));
  return [...new Set(chosen.flatMap(({ pid }) => below(pid)))];
}

/** Total resident memory of processes, in bytes; shared pages count for each. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return sum + Number(kilobytes?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}

const TICKS_PER_SECOND = 100;

/** Processor time used by processes so far, in seconds; independent of other load on the machine. */
export function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    } catch {
      return sum;
    }
  }, 0);
}

/**
 * Processor time used so far by a process and those below it that `keep` selects, in seconds, including children that have
 * ended.
 */
export function treeSeconds(root: number, keep: (command: string) => boolean): number {
  return processTree(root, keep).reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return sum + fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) / TICKS_PER_SECOND;
    } catch {
      return sum;
    }
  }, 0);
}

/** Processor time used by the whole machine so far, in seconds of one core. */
export function machineSeconds(): number {
  const [user, nice, system, , , interrupts, softInterrupts] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts) / TICKS_PER_SECOND;
}
