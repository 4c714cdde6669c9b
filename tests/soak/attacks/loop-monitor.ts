/**
 * Loaded into the processes of the stack under attack by `--import`. In the API it writes the longest delay of the event
 * loop and the processor time since the last time to the file `LOOP_MONITOR_FILE`, at every SIGUSR2.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const file = process.env.LOOP_MONITOR_FILE;
if (file !== undefined && process.argv[1]?.includes('server.js')) {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  let before = process.cpuUsage();
  process.on('SIGUSR2', () => {
    const { user, system } = process.cpuUsage(before);
    const figures = { longestMs: delays.max / 1e6, processorMs: (user + system) / 1000 };
    writeFileSync(file, JSON.stringify(figures));
    delays.reset();
    before = process.cpuUsage();
  });
}
