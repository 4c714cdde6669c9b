/**
 * Runs one of our detectors for a program in another language; started by `benchmarks/peers/keypoints.py`. Images
 * arrive on standard input as width, height (uint32, little-endian) and grey pixels; the response per image is: count,
 * bytes per descriptor (uint32), milliseconds of processor time (float64), points (float32) and descriptors.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createFeaturePipeline } from '../../src/servoing/features/detectors/registry.js';
import type { Features } from '../../src/vision/features/types.js';
import { ROOT } from './run-clip.js';

const { values: flags } = parseArgs({ options: { detector: { type: 'string', default: 'AKAZE' } } });
const detector = await createFeaturePipeline(flags.detector, { modelsDirectory: path.join(ROOT, 'models') });

const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function encode({ count, points, descriptors }: Features, milliseconds: number): Buffer[] {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(count, 0);
  header.writeUInt32LE(count === 0 ? 0 : descriptors.data.byteLength / count, 4);
  header.writeDoubleLE(milliseconds, 8);
  const bytes = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  return [header, bytes(points), bytes(descriptors.data)];
}

let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk as Buffer]);
  while (waiting.length >= 8) {
    const [width, height] = [waiting.readUInt32LE(0), waiting.readUInt32LE(4)];
    const end = 8 + width * height;
    if (waiting.length < end) break;
    const data = Uint8Array.from(waiting.subarray(8, end));
    waiting = waiting.subarray(end);
    const start = processorMs();
    const found = await detector.detect({ width, height, data });
    process.stdout.write(Buffer.concat(encode(found, processorMs() - start)));
  }
}
await detector.close();
