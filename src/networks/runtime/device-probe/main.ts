import { Worker } from 'node:worker_threads';
import type { DeviceUsed } from '../../../domain/job.js';
import { messageOf } from '../../../errors/app-error.js';
import { judgePlacement } from '../node-placement.js';
import { openOnnxSession } from '../onnx-session.js';
import { PROBE_INPUT, PROBE_OUTPUT, probeGraph } from '../probe-graph.js';
import { float32Output, float32Tensor } from '../tensor-session.js';

/**
 * Entry point of the probe process: runs a tiny graph on the device given as the first argument, sends the
 * result to its parent and exits. A broken driver (abort, hang) affects only this process.
 */

/** Ends this process when its parent has exited, even while a driver blocks the main thread. */
const WATCHDOG = `const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);`;

async function probe(device: DeviceUsed): Promise<{ ok: boolean; reason: string }> {
  const session = await openOnnxSession({ model: probeGraph(), device, profile: true });
  const outputs = await session.run({ x: float32Tensor(Float32Array.from(PROBE_INPUT), [1, 2]) });
  const y = float32Output(outputs, 'y', [1, 2]);
  const verdict = judgePlacement(device, await session.endProfile());
  const right = PROBE_OUTPUT.every((value, i) => Math.abs(value - y[i]) < 1e-3);
  await session.close();
  return right
    ? verdict
    : {
        ok: false,
        reason: `it computes wrong results: [${y.join(', ')}] instead of [${PROBE_OUTPUT.join(', ')}]`,
      };
}

const isDevice = (name: string): name is DeviceUsed => name === 'cpu' || name === 'cuda' || name === 'webgpu';

new Worker(WATCHDOG, { eval: true }).unref();
const device = process.argv[2] ?? '';
const verdict = isDevice(device)
  ? await probe(device).catch((error: unknown) => ({ ok: false, reason: messageOf(error) }))
  : { ok: false, reason: `there is no device ${device}` };
process.send?.(verdict, () => process.exit(0));
