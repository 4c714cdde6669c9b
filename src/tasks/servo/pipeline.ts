import type { RecordedFrame } from '../../domain/servo-recording.js';
import { AppError } from '../../errors/app-error.js';
import { decodeColourFrame, decodeColourImage } from '../../media/colour-frame.js';
import { workingSizeOf } from '../../media/frame-plan.js';
import type { ImageLimits } from '../../media/image-decoder.js';
import { MAX_IMAGE_SIDE } from '../../media/image-size.js';
import { MIN_WORKING_SIDE } from '../../servoing/camera-setup.js';
import type { ReportedFrame } from '../../servoing/frame-record.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import type { Image, Size } from '../../vision/image/image.js';
import { MAX_MATCH_IMAGES } from '../cns/image-selection.js';
import { playbackRate } from '../cns/report/preview/preview-plan.js';
import type { PreviewFrames, ReportDrawing } from '../cns/report/report-drawing.js';
import { REPORT_FILES, writeReportFiles } from '../cns/report/report-files.js';
import { MAX_INLINE_FRAMES } from '../cns/report/result-json.js';
import { velocitiesCsv } from '../cns/report/velocities-csv.js';
import { velocityPlotSvg } from '../cns/report/velocity-plot.js';
import type { EngineContext, Pipeline } from '../definition.js';
import { startEnergyMeter } from '../energy-meter.js';
import type { ServoParams } from './params.js';
import type { ServoInput } from './plan.js';
import { readGoalImage, readImages, readSession, type RecordedSession } from './recorded-session.js';
import { isMetric, liveColumns, recordsOf, servoResultJson } from './result.js';
import { framesToShow, matchesAt, spread } from './shown-frames.js';

const DEFAULT_SECONDS_PER_FRAME = 1 / 30;
/** The images were decoded once already, by an engine with the limits of uploads. */
const DECODER = { maxBytes: 2 ** 30, maxPixels: 2 ** 28, maxSide: MAX_IMAGE_SIDE, timeoutSeconds: 20 };

interface Work {
  readonly engine: EngineContext;
  readonly params: ServoParams;
  readonly input: ServoInput;
  readonly session: RecordedSession;
  readonly records: readonly ReportedFrame[];
  readonly limits: ImageLimits;
}

function plotOf({ input, params, records, engine }: Work): string {
  const lost = records.filter(({ status }) => status === 'lost').length;
  const weak = records.filter(({ status }) => status === 'weak').length;
  return velocityPlotSvg(records, {
    title: `Camera velocity — live session ${input.sessionId}`,
    subtitle: `${params.detector}, ${params.policy} · ${records.length} frames, ${lost} lost, ${weak} weak · job ${engine.jobId}`,
    metric: isMetric(params),
    axis: 'answered frame of the session',
  });
}

/** Size of the drawn frames: that of the first one; a session may send frames of several sizes of one aspect ratio. */
function currentSizeOf({ session, input, params }: Work): Size {
  const first = session.frames.find(({ image }) => image !== undefined)?.image?.matches;
  const { width, height } = first ?? workingSizeOf(input.goal, params.workingSize, MIN_WORKING_SIDE);
  return { width, height };
}

async function goalImage({ engine, input, params, limits }: Work): Promise<Image | null> {
  const bytes = await readGoalImage(engine.mediaPaths.recording);
  if (bytes === null) return null;
  const size = workingSizeOf(input.goal, params.workingSize, MIN_WORKING_SIDE);
  return decodeColourImage(bytes, size, limits).catch(withoutImage);
}

async function* currentImages(
  { engine, limits }: Work,
  size: Size,
  positions: readonly number[],
): AsyncGenerator<Image & { readonly index: number }> {
  for await (const { position, frame, bytes } of readImages(
    engine.mediaPaths.recording,
    new Set(positions),
  )) {
    const image = await decodeRecorded(frame, bytes, { size, limits });
    if (image) yield { index: position, ...image };
  }
}

/** The engine of the session could decode the image; if that fails here, the report lacks this image alone. */
function withoutImage(error: unknown): null {
  if (error instanceof AppError) return null;
  throw error;
}

async function decodeRecorded(
  { image }: RecordedFrame,
  bytes: Uint8Array,
  { size, limits }: { readonly size: Size; readonly limits: ImageLimits },
): Promise<Image | null> {
  if (!image) return null;
  const frame = { format: image.format, size: image.size, bytes };
  return decodeColourFrame(frame, size, limits).catch(withoutImage);
}

function previewOf({ session: { frames }, records }: Work, size: Size): PreviewFrames | null {
  const { stride, positions } = framesToShow(frames);
  if (positions.length === 0) return null;
  const seconds = (records[records.length - 1].timeSeconds - records[0].timeSeconds) / (records.length - 1);
  const spacing = Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_SECONDS_PER_FRAME;
  return {
    fps: playbackRate(spacing * stride),
    frames: positions.map((position) => ({
      position,
      matches: matchesAt(position, frames[position], size),
    })),
  };
}

function drawingOf(work: Work): ReportDrawing {
  const { engine, records, params } = work;
  const currentSize = currentSizeOf(work);
  const preview = previewOf(work, currentSize);
  return {
    engine,
    records,
    metric: isMetric(params),
    currentSize,
    images: spread(preview?.frames ?? [], MAX_MATCH_IMAGES).map(({ matches }) => matches),
    preview,
    goalImage: () => goalImage(work),
    currentImages: (positions) => currentImages(work, currentSize, positions),
  };
}

/** Renders the recording of a live session: JSON, CSV, plot, match images and preview video, as of a recording. */
export const pipeline: Pipeline<ServoParams, ServoInput> = async (plan, params, engine) => {
  const endMeter = startEnergyMeter(engine.power);
  const stopwatch = new Stopwatch();
  const start = performance.now();
  const { input } = plan;
  const session = await stopwatch.time('loadMs', () => readSession(engine.mediaPaths.recording));
  const records = recordsOf(session.frames);
  const total = records.length;
  engine.progress({ done: 0, total, percent: 10, stage: 'report' });
  const limits = { ...DECODER, jpegDecoder: engine.jpegDecoder };
  const work: Work = { engine, params, input, session, records, limits };
  const reportStart = performance.now();
  const { zipPath, media, json, figures } = await writeReportFiles({
    workspace: engine.workspace,
    plot: plotOf(work),
    csv: velocitiesCsv(records, isMetric(params), liveColumns(session.frames, isMetric(params))),
    drawing: drawingOf(work),
    finish: () => {
      stopwatch.add('reportMs', performance.now() - reportStart);
      stopwatch.add('totalMs', performance.now() - start);
      return { timings: stopwatch.totals(), energy: endMeter() };
    },
    json: (measured) => servoResultJson({ ...work, jobId: engine.jobId, figures: measured }),
  });
  const { frames, ...withoutFrames } = json;
  engine.progress({ done: total, total, percent: 99, stage: 'report' });
  return {
    json: frames.length > MAX_INLINE_FRAMES ? { ...withoutFrames, framesIn: REPORT_FILES.json } : json,
    ...{ zipPath, media },
    units: {},
    device: input.goal.device,
    network: input.goal.network,
    ...figures,
  };
};
