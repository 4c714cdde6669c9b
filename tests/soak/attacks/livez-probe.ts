/** Asks `/livez` every 20 ms in a process of its own; tells its parent the worst answer when it is asked. */
import { Agent, get } from 'node:http';

const INTERVAL_MS = 20;
const GIVEN_UP_MS = 30_000;
const url = process.argv[2];
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** What was found since the last report. */
export interface ProbeReport {
  readonly worstMs: number;
  readonly asked: number;
  readonly failed: number;
}

let [worstMs, asked, failed] = [0, 0, 0];
const open = new Set<number>();

function ask(): void {
  const started = performance.now();
  asked += 1;
  open.add(started);
  const done = (ok: boolean): void => {
    if (!open.delete(started)) return;
    worstMs = Math.max(worstMs, performance.now() - started);
    if (!ok) failed += 1;
  };
  const request = get(`${url}/livez`, { agent, timeout: GIVEN_UP_MS }, (response) => {
    response.resume();
    response.once('end', () => done(response.statusCode === 200));
  });
  request.once('timeout', () => request.destroy());
  request.once('error', () => done(false));
}

setInterval(ask, INTERVAL_MS);
process.on('message', () => {
  // One that still waits counts as long as it has waited.
  for (const started of open) worstMs = Math.max(worstMs, performance.now() - started);
  const report: ProbeReport = { worstMs, asked, failed };
  process.send?.(report);
  [worstMs, asked, failed] = [0, 0, 0];
});
process.on('disconnect', () => process.exit(0));
