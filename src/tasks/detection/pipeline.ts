import path from 'node:path';
import { AppError } from '../../errors/app-error.js';
import { indexZip, mediaAmong } from '../../media/zip-index.js';
import { writeZip } from '../../media/zip-writer.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import type { Pipeline } from '../definition.js';
import { startEnergyMeter } from '../energy-meter.js';
import { detectFrames, detectImages, type DetectionOutcome, type DetectionWork } from './items.js';
import { openJobDetector } from './job-detector.js';
import type { DetectionParams } from './params.js';
import type { DetectionInput } from './plan.js';
import { RecordWriter } from './record-writer.js';

const JSON_FILE = 'result.json';
const CSV_FILE = 'detections.csv';

/** Detects objects in images or in the frames of a video. */
export const pipeline: Pipeline<DetectionParams, DetectionInput> = async ({ input }, params, engine) => {
  const endMeter = startEnergyMeter(engine.power);
  const stopwatch = new Stopwatch();
  const startedAt = performance.now();
  const { detector, device, network, release } = await stopwatch.time('loadMs', () =>
    openJobDetector(params, engine),
  );
  const folder = engine.workspace;
  const file = (name: string): string => path.join(folder, name);
  const paths = { json: file(JSON_FILE), csv: file(CSV_FILE) };
  const records = new RecordWriter(paths, input.kind === 'images' ? 'images' : 'videoFrames');
  try {
    const work: DetectionWork = { detector, params, engine, records, stopwatch, folder };
    const outcome =
      input.kind === 'images' ? await detectImages(work, input.images) : await detectFrames(work, input);
    const { processed, files, facts } = outcome;
    if (processed === 0) throw nothingProcessed(outcome);
    const total = input.kind === 'images' ? input.images.length : processed;
    engine.progress({ done: total, total, percent: 96, stage: 'report' });
    const { threshold = detector.threshold, maxDetections = detector.maxDetections, labels = null } = params;
    const settings = { task: 'detection', model: network, threshold, maxDetections, labels };
    const json = await records.finish({ ...settings, ...facts }, JSON_FILE);
    const zipPath = file('result.zip');
    const members = [JSON_FILE, CSV_FILE, ...files].map((name) => ({ name, path: file(name) }));
    await writeZip(zipPath, members, { signal: engine.signal });
    stopwatch.add('totalMs', performance.now() - startedAt);
    const unit = input.kind === 'images' ? 'inference.image' : 'inference.video_frame';
    const energy = endMeter();
    return {
      json,
      zipPath,
      media: mediaAmong(await indexZip(zipPath)),
      units: { [unit]: processed },
      device,
      network,
      timings: stopwatch.totals(),
      energy,
    };
  } finally {
    records.stop();
    release();
  }
};

function nothingProcessed({ failure }: DetectionOutcome): AppError {
  const why = failure ? ` ${failure.message}` : '';
  return new AppError('NOTHING_PROCESSED', {
    message: `None of the images could be processed.${why}`,
    cause: failure,
  });
}
