import path from 'node:path';
import { AppError } from '../../errors/app-error.js';
import type { ErrorKind } from '../../errors/error-kind.js';
import { makeFolder } from '../../storage/folders.js';
import type { EngineContext, Pipeline } from '../definition.js';
import { startEnergyMeter } from '../energy-meter.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import type { InpaintingInput, InpaintingItem } from './plan.js';
import { DetectedMasks, type DetectedMasksOutput } from './detected-masks.js';
import { openFiller } from './fill.js';
import type { Filler, OpenFiller } from './filler.js';
import { fillImage } from './image-item.js';
import type { ItemResult } from './item-result.js';
import type { ItemWork } from './item-work.js';
import { requestedDevice, type InpaintingParams } from './params.js';
import { resultStems } from './result-names.js';
import { writeInpaintingReport } from './report.js';
import { fillVideo } from './video-item.js';

/** Relative work of an item: 1 for an image, the number of frames for a video. */
const weightOf = ({ source }: InpaintingItem): number => source.frameCount;

interface Run {
  readonly params: InpaintingParams;
  readonly engine: EngineContext;
  readonly filler: Filler;
  readonly masks: DetectedMasks | null;
  readonly folder: string;
  readonly stems: ReadonlyMap<number, string>;
}

/** Error kinds that are not caused by the item: the whole job fails and is retried. */
const SERVER_KINDS: ReadonlySet<ErrorKind> = new Set(['internal', 'unavailable', 'timeout', 'storage_full']);

/** The failure of an item; rethrows errors that the item did not cause. */
function failureOfItem(error: unknown, engine: EngineContext): NonNullable<ItemResult['error']> {
  engine.signal.throwIfAborted();
  const causedByItem = error instanceof AppError && !SERVER_KINDS.has(error.kind);
  if (!causedByItem) throw error;
  return { code: error.code, message: error.message };
}

/** Processes one item; a failed item does not affect the others. */
async function runItem(work: ItemWork, item: InpaintingItem): Promise<ItemResult> {
  try {
    return await (item.source.kind === 'image' ? fillImage(work, item) : fillVideo(work, item));
  } catch (error) {
    return {
      item,
      status: 'failed',
      files: [],
      holeShare: item.holeShare ?? 0,
      strategy: null,
      timings: {},
      warnings: [],
      error: failureOfItem(error, work.engine),
      preview: null,
      frames: 0,
      facts: {},
    };
  }
}

async function runItems(run: Run, items: readonly InpaintingItem[]): Promise<ItemResult[]> {
  const { engine } = run;
  const total = items.reduce((sum, item) => sum + weightOf(item), 0);
  const results: ItemResult[] = [];
  let before = 0;
  for (const [index, item] of items.entries()) {
    engine.signal.throwIfAborted();
    const weight = weightOf(item);
    const report = (part: number) => {
      const done = before + weight * part;
      const stage = `item ${index + 1} of ${items.length}`;
      engine.progress({ done: Math.floor(done), total, percent: Math.floor((95 * done) / total), stage });
    };
    report(0);
    results.push(await runItem({ ...run, onProgress: report }, item));
    before += weight;
  }
  return results;
}

function requireSomething(results: readonly ItemResult[]): void {
  if (results.some(({ status }) => status !== 'failed')) return;
  const first = results[0].error;
  throw new AppError(first?.code ?? 'NOTHING_FILLED', {
    message: `None of the ${results.length} items could be filled. ${first?.message ?? ''}`,
  });
}

/** Creates the pipeline with a given fill; tests pass their own. */
export function createInpaintingPipeline(open: OpenFiller): Pipeline<InpaintingParams, InpaintingInput> {
  return async ({ input, media }, params, engine) => {
    const endMeter = startEnergyMeter(engine.power);
    const stopwatch = new Stopwatch();
    const start = performance.now();
    const folder = path.join(engine.workspace, 'report');
    await makeFolder(folder);
    const { filler, masks } = await stopwatch.time('loadMs', () =>
      openNetworks(open, { params, engine, output: { folder, media } }),
    );
    try {
      const run: Run = { params, engine, filler, masks, folder, stems: resultStems(input.items) };
      const results = await stopwatch.time('itemsMs', () => runItems(run, input.items));
      requireSomething(results);
      const total = input.items.reduce((sum, item) => sum + weightOf(item), 0);
      engine.progress({ done: total, total, percent: 96, stage: 'report' });
      return await writeInpaintingReport({
        ...run,
        results,
        finish: () => {
          for (const { timings } of results)
            for (const [stage, time] of Object.entries(timings)) stopwatch.add(stage, time);
          stopwatch.add('totalMs', performance.now() - start);
          return { timings: stopwatch.totals(), energy: endMeter() };
        },
      });
    } finally {
      filler.release();
      masks?.close();
    }
  };
}

/** Opens the fill, and the detector when one is requested. */
async function openNetworks(
  open: OpenFiller,
  { params, engine, output }: Pick<Run, 'params' | 'engine'> & { readonly output: DetectedMasksOutput },
): Promise<Pick<Run, 'filler' | 'masks'>> {
  const { modelId, strict } = params;
  const { modelsDirectory, threads, modelTimeoutMs } = engine;
  const device = requestedDevice(params);
  const filler = await open({ modelId, device, strict, modelsDirectory, threads, modelTimeoutMs });
  try {
    return { filler, masks: await DetectedMasks.open(params, engine, output) };
  } catch (error) {
    filler.release();
    throw error;
  }
}

/** Inpainting of images and videos with the product's fills. */
export const pipeline = createInpaintingPipeline(openFiller);
