import '../../supervision/interpreted-schemas.js';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadedHere } from '../../networks/runtime/loaded-here.js';
import { reportCalls } from '../../networks/runtime/network-calls.js';
import { JobEngineHost, type PipelineLoader } from './host.js';
import type { FromEngine } from './protocol.js';

const HEARTBEAT_MS = 1_000;

/**
 * Entry point of an engine process, forked by the engine pool. `--pipelines <module>` names a module that
 * exports `loadPipeline`; by default the product's tasks are used.
 */
const { values } = parseArgs({ options: { pipelines: { type: 'string' } } });

const loadPipelines = async (): Promise<{ loadPipeline: PipelineLoader }> =>
  values.pipelines === undefined
    ? import('../../tasks/registry.js')
    : ((await import(pathToFileURL(values.pipelines).href)) as { loadPipeline: PipelineLoader });

const heartbeat = (): FromEngine => ({
  type: 'heartbeat',
  rssBytes: process.memoryUsage.rss(),
  networks: loadedHere(),
});

/** Resolves when the message has left this process; nobody needs it when it cannot. */
const sent = (message: FromEngine): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });

async function main(): Promise<void> {
  reportCalls((call) => sent({ type: 'call', call }));
  const { loadPipeline } = await loadPipelines();
  const host = new JobEngineHost({
    send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    // Messages are sent in order, so when this one was sent, all previous ones were too.
    end: () => process.send?.(heartbeat(), undefined, undefined, () => process.exit(0)),
    loadPipeline,
  });

  process.on('message', (message) => host.receive(message));
  process.on('SIGTERM', () => host.stop());
  // The worker has exited, so nobody needs the result; decoders die with this process.
  process.on('disconnect', () => process.exit(0));
  process.send?.({ type: 'ready' });
  setInterval(() => {
    process.send?.(heartbeat(), undefined, undefined, () => undefined);
  }, HEARTBEAT_MS);
}

void main();
