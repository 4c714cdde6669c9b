import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MODULE = new URL('../../../src/lifecycle/collect-garbage.js', import.meta.url).href;

/**
 * A process with 30 MB of objects, as many as the api holds, through which 256 MB pass in chunks of 64 KiB with small objects
 * of theirs, as through an upload. Prints the collections of the whole heap, after the one of the start.
 */
const PROCESS = `
import { once } from 'node:events';
import { PerformanceObserver, constants } from 'node:perf_hooks';
import { collectGarbageOfStart } from ${JSON.stringify(MODULE)};
const held = Array.from({ length: 400_000 }, (_, index) => ({ index, list: [index] }));
const seen = new EventTarget();
let collections = 0;
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries())
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
  if (collections > 0) seen.dispatchEvent(new Event('collected'));
}).observe({ entryTypes: ['gc'] });
const alive = setInterval(() => undefined, 1000);
const collected = once(seen, 'collected');
collectGarbageOfStart(0);
await collected;
const ofStart = collections;
for (let chunk = 0; chunk < 4096; chunk += 1) {
  Buffer.alloc(65_536);
  Array.from({ length: 20 }, (_, index) => ({ index, chunk, list: [index] }));
  await new Promise((resolve) => setImmediate(resolve));
}
clearInterval(alive);
console.log(JSON.stringify({ held: held.length, collections: collections - ofStart }));
`;

describe('collectGarbageOfStart', () => {
  it('lets buffers pass without collecting the whole heap for every few megabytes', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-semi-space-size=1',
      // As V8 treats a process that did little for a while, which here would take too long.
      '--optimize-for-size',
      '--input-type=module',
      '--eval',
      PROCESS,
    ]);
    // More than ten with V8's own growth.
    expect((JSON.parse(stdout) as { collections: number }).collections).toBeLessThanOrEqual(2);
  }, 60_000);
});
