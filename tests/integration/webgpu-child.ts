import { openCnsNetwork } from '../../src/networks/cns/cns-network.js';
import type { ServoObservation } from '../../src/vision/servoing/servo-policy.js';
import type { DevicePreference } from '../../src/networks/runtime/device.js';
import { NetworkRegistry } from '../../src/networks/runtime/network-registry.js';
import { AppError } from '../../src/errors/app-error.js';

/**
 * A process of its own for the WebGPU tests, as a driver is chosen by environment variables before the first session:
 * serves the CNS policy for a few frames on the device that the preference (JSON, second argument) asks for, from the models
 * folder (first argument), and prints what came out as one line of JSON.
 */

const POINTS = 24;
const CLUSTERS = 4;
const FRAMES = 4;

/** Points that nobody sees as regular, without a random generator. */
const goalPoints = Float32Array.from({ length: 2 * POINTS }, (_, i) => 0.4 * Math.sin(0.7 + 2.3 * i));

/** An approach: the points come to their goals, some wander out of sight, in the third frame a whole cluster does. */
function observation(frame: number): ServoObservation {
  const left = 0.3 / (frame + 1);
  const visible = Uint8Array.from({ length: POINTS }, (_, row) =>
    Number(frame === 2 ? row % CLUSTERS !== 1 : (row + frame) % 5 !== 0),
  );
  return { current: goalPoints.map((value, i) => value * (1 - left) + 0.1 * left * Math.cos(i)), visible };
}

async function serve(folder: string, preference: DevicePreference): Promise<unknown> {
  const registry = new NetworkRegistry({ folder });
  try {
    const network = await openCnsNetwork(registry, preference);
    const policy = network.policy({ memory: 'sequence', goalDistance: 0.7 });
    await policy.setGoal({
      points: goalPoints,
      member: Float32Array.from({ length: CLUSTERS * POINTS }, (_, i) =>
        Number((i % POINTS) % CLUSTERS === Math.floor(i / POINTS)),
      ),
      center: goalPoints.slice(0, 2 * CLUSTERS),
    });
    const velocities: unknown[] = [];
    for (let frame = 0; frame < FRAMES; frame++)
      velocities.push((await policy.step(observation(frame))).velocity);
    network.lease.release();
    return { device: network.lease.device, velocities };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { error: { code: error.code, kind: error.kind, message: error.message } };
  } finally {
    await registry.close();
  }
}

const [folder, preference] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await serve(folder, JSON.parse(preference) as DevicePreference))}\n`);
