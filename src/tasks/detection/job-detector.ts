import path from 'node:path';
import type { DeviceReport, NetworkIdentity } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';
import { fitImage } from '../../media/fit-image.js';
import type { Detector } from '../../networks/detection/detector.js';
import { openNetwork } from '../../networks/open/open-network.js';
import { DeviceProber } from '../../networks/runtime/device-probe/device-prober.js';
import { deviceVerdicts } from '../../networks/runtime/device-verdicts.js';
import { FolderCatalogue } from '../../networks/catalogue/folder-catalogue.js';
import type { EngineContext } from '../definition.js';
import type { DetectionParams } from './params.js';

/** An open detector. The caller must close it. */
export interface OpenDetector {
  readonly detector: Detector;
  readonly device: DeviceReport;
  readonly network: NetworkIdentity;
  close(): Promise<void>;
}

const prober = new DeviceProber();

/**
 * Opens the network of a job in the same way as the model server.
 * @throws AppError as `openNetwork`, `NETWORK_TASK_UNSUPPORTED`
 */
export async function openJobDetector(
  {
    modelId,
    version,
    device: requested,
    strict,
  }: Pick<DetectionParams, 'modelId' | 'version' | 'device' | 'strict'>,
  { modelsDirectory, labelsDirectory, threads }: EngineContext,
): Promise<OpenDetector> {
  const labels = labelsDirectory ?? path.join(modelsDirectory, 'labels');
  const source = await new FolderCatalogue({ models: modelsDirectory, labels }).find({
    id: modelId,
    version,
  });
  const device = { requested, strict };
  const request = { folder: source.folder, manifest: source.network.manifest, device, threads };
  const opened = await openNetwork({ ...request, verdicts: await deviceVerdicts(prober, device) }, fitImage);
  const { id, version: found, sha256 } = source.network;
  if (opened.detector) {
    const network = { id, version: found, sha256 };
    return { detector: opened.detector, device: opened.device, network, close: () => opened.session.close() };
  }
  await opened.session.close();
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${id} cannot detect objects; choose a network with task detection.`,
  });
}
