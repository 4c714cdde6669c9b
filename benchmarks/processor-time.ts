import { readFileSync } from 'node:fs';

/** On all Linux systems supported by Node, the kernel reports these fields in hundredths of a second. */
const MS_PER_TICK = 10;

/** Processor time in milliseconds of this process, its threads, and its terminated children. Linux only. */
export function processorMs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The program's name in brackets may contain blanks; the fields after it start with field 3, and 14 to 17 are the
  // times.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return MS_PER_TICK * fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}
