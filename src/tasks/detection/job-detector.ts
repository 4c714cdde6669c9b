import type { DeviceReport, NetworkIdentity } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';
import type { Detector } from '../../networks/detection/detector.js';
import type { EngineContext } from '../definition.js';
import { openJobNetwork, type JobNetworkRequest } from '../job-network.js';

/** An open detector. The caller must release it. */
export interface OpenDetector {
  readonly detector: Detector;
  readonly device: DeviceReport;
  readonly network: NetworkIdentity;
  release(): void;
}

/**
 * Opens the network of a job in the same way as the model server.
 * @throws AppError as `openJobNetwork`, `NETWORK_TASK_UNSUPPORTED`
 */
export async function openJobDetector(
  request: JobNetworkRequest,
  engine: EngineContext,
): Promise<OpenDetector> {
  const { detector, device, identity: network, release } = await openJobNetwork(request, engine);
  if (detector) return { detector, device, network, release };
  release();
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${network.id} cannot detect objects; choose a network with task detection.`,
  });
}
