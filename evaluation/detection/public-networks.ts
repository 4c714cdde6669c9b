import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fitImage } from '../../src/media/fit-image.js';
import { Detector } from '../../src/networks/detection/detector.js';
import { parseDetectorManifest } from '../../src/networks/detection/detector-manifest.js';
import { openOnnxSession } from '../../src/networks/runtime/onnx-session.js';

/** A network run by both sides. */
export interface PublicNetwork {
  readonly file: string;
  /** Name of the decoder in `peers/detection.py`. */
  readonly decoder: 'yunet' | 'ssd_stm';
  readonly labels: readonly string[];
  /** Additional fields of its manifest. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Score threshold of the comparison; low, so that images without a face or a person are compared as well. */
export const THRESHOLD = 0.05;
/** Overlap above which both sides discard the weaker box. */
export const DUPLICATE = 0.45;

/** The compared networks: faces by YuNet, persons by the SSD of the STM32 model zoo. */
export const PUBLIC_NETWORKS: readonly PublicNetwork[] = [
  {
    file: 'yunet_n_320_320.onnx',
    decoder: 'yunet',
    labels: ['face'],
    manifest: {
      preprocessing: {
        preset: 'raw',
        channelOrder: 'BGR',
        resize: { rule: 'letterbox', fill: [0, 0, 0] },
      },
    },
  },
  {
    file: 'ssd_mobilenetv1_025_256_stm.onnx',
    decoder: 'ssd_stm',
    labels: ['person'],
    manifest: {
      preprocessing: { preset: 'inception', resize: { rule: 'stretch' } },
      head: { encoding: 'corner_offsets' },
    },
  },
];

/** Opens a network of the folder with the product's own detector. */
export async function openPublic(folder: string, network: PublicNetwork): Promise<Detector> {
  const model = await readFile(path.join(folder, network.file));
  const session = await openOnnxSession({ model, device: 'cpu' });
  const manifest = parseDetectorManifest({
    id: network.decoder,
    version: '1',
    task: 'detection',
    kind: 'detector',
    licence: 'unknown',
    files: { model: { path: network.file, sha256: '0'.repeat(64), bytes: model.length } },
    threshold: THRESHOLD,
    nms: { iou: DUPLICATE },
    maxDetections: 1000,
    ...network.manifest,
  });
  return Detector.open({ session, manifest, labels: network.labels, fit: fitImage });
}
