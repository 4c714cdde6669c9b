import { readFile } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.js';
import type { Classifier } from '../../networks/classification/classifier.js';
import { decodeImage, type DecodedImage } from '../../media/image-decoder.js';
import { MAX_IMAGE_SIDE } from '../../media/image-size.js';
import type { EngineContext, Pipeline } from '../definition.js';
import { openJobNetwork } from '../job-network.js';
import { startEnergyMeter } from '../energy-meter.js';
import type { ClassificationTaskInput, ImageEntry } from './plan.js';
import type { ClassificationParams } from './params.js';
import type { ImageRecord } from './image-record.js';
import { writeClassificationReport } from './report.js';

const DECODE_SECONDS = 60;

/** Milliseconds by stage. */
interface Times {
  decodeMs: number;
  networkMs: number;
}

interface Work {
  readonly classifier: Classifier;
  readonly params: ClassificationParams;
  readonly engine: EngineContext;
  readonly times: Times;
}

async function open(params: ClassificationParams, engine: EngineContext) {
  const { classifier, identity, device, release } = await openJobNetwork(params, engine);
  if (classifier) return { classifier, identity, device, release };
  release();
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${identity.id} cannot classify images; choose a network with task classification.`,
  });
}

async function decode(
  { engine, classifier, times }: Work,
  image: ImageEntry,
): Promise<DecodedImage | AppError> {
  const startedAt = performance.now();
  try {
    const bytes = await readFile(engine.mediaPaths[image.mediaId]);
    return await decodeImage(bytes, classifier.preprocessing.shape, {
      maxBytes: bytes.length,
      maxPixels: image.width * image.height,
      maxSide: MAX_IMAGE_SIDE,
      timeoutSeconds: DECODE_SECONDS,
      jpegDecoder: engine.jpegDecoder,
    });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  } finally {
    times.decodeMs += performance.now() - startedAt;
  }
}

/** Decodes and classifies one batch of images. */
async function runBatch(work: Work, batch: readonly ImageEntry[]): Promise<readonly ImageRecord[]> {
  const { classifier, params, times } = work;
  const decoded = await Promise.all(batch.map((image) => decode(work, image)));
  const good = decoded.filter((image): image is DecodedImage => !(image instanceof AppError));
  const startedAt = performance.now();
  const elements = classifier.preprocessor.allocate(good.length);
  good.forEach(({ pixels }, index) => classifier.preprocessor.write(pixels, elements, index));
  const scores = good.length > 0 ? await classifier.run(elements, good.length) : [];
  times.networkMs += performance.now() - startedAt;
  const { topK, threshold, allClasses } = params;
  return decoded.map((image, index) => {
    if (image instanceof AppError) {
      const { code, message } = image;
      return { ...batch[index], ok: false, error: { code, message } };
    }
    const judged = classifier.judge(scores[good.indexOf(image)], { topK, threshold, allClasses });
    return { ...batch[index], ok: true, ...judged };
  });
}

async function classifyAll(work: Work, images: readonly ImageEntry[]): Promise<readonly ImageRecord[]> {
  const records: ImageRecord[] = [];
  const { maxBatch } = work.classifier;
  for (let from = 0; from < images.length; from += maxBatch) {
    work.engine.signal.throwIfAborted();
    records.push(...(await runBatch(work, images.slice(from, from + maxBatch))));
    const [done, total] = [records.length, images.length];
    work.engine.progress({ done, total, percent: Math.floor((done / total) * 95), stage: 'infer' });
  }
  return records;
}

/** Classifies a dataset's images. An image that cannot be read fails on its own and is not billed. */
export const pipeline: Pipeline<ClassificationParams, ClassificationTaskInput> = async (
  { input },
  params,
  engine,
) => {
  const endMeter = startEnergyMeter(engine.power);
  const startedAt = performance.now();
  const { classifier, identity, device, release } = await open(params, engine);
  try {
    const loadMs = performance.now() - startedAt;
    const times: Times = { decodeMs: 0, networkMs: 0 };
    const records = await classifyAll({ classifier, params, engine, times }, input.images);
    const classified = records.filter(({ ok }) => ok).length;
    if (classified === 0) throw nothingClassified(records);
    engine.progress({ done: records.length, total: records.length, percent: 96, stage: 'report' });
    const report = await writeClassificationReport({ records, network: identity, params, engine });
    const timings = { loadMs, ...times, totalMs: performance.now() - startedAt };
    return {
      ...report,
      units: { 'inference.image': classified },
      device,
      network: identity,
      timings,
      energy: endMeter(),
    };
  } finally {
    release();
  }
};

function nothingClassified(records: readonly ImageRecord[]): AppError {
  const [first] = records;
  const why = first.ok ? '' : ` ${first.name}: ${first.error.message}`;
  return new AppError('NOTHING_CLASSIFIED', {
    message: `None of the ${String(records.length)} images could be classified.${why}`,
  });
}
