import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.js';
import { encodeImage } from '../../media/image-codec.js';
import { openFrameStream } from '../../media/frame-stream.js';
import { workingSizeOf, type FrameRange } from '../../media/frame-plan.js';
import { readImage } from '../../media/image-file.js';
import type { VideoProbe } from '../../media/probe.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { makeFolder } from '../../storage/folders.js';
import type { Detector } from '../../networks/detection/detector.js';
import type { Stopwatch } from '../../telemetry/stopwatch.js';
import type { Image } from '../../vision/image/image.js';
import type { EngineContext } from '../definition.js';
import { ANNOTATED_SIDE, Annotator } from './annotate.js';
import { AnnotatedVideo, VIDEO_FILE } from './annotated-video.js';
import { onWhite } from './on-white.js';
import { processedFrames, type ImageEntry, type VideoEntry } from './plan.js';
import type { DetectionParams } from './params.js';
import type { RecordWriter } from './record-writer.js';

/** State shared by the items of a job. */
export interface DetectionWork {
  readonly detector: Detector;
  readonly params: DetectionParams;
  readonly engine: EngineContext;
  readonly records: RecordWriter;
  readonly stopwatch: Stopwatch;
  /** Folder for the result files. */
  readonly folder: string;
}

/** Outcome of a job. */
export interface DetectionOutcome {
  readonly processed: number;
  /** Result files in addition to the JSON and CSV files. */
  readonly files: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** Reason why an item failed; set when at least one did. */
  readonly failure?: AppError;
}

/** Maximum annotated images per job; a dataset may contain many more images. */
const MAX_ANNOTATED = 1000;
const FOLDER = 'annotated';
const LAST_PERCENT = 95;

/** Detects objects in all images. An image that cannot be read fails on its own and is not billed. */
export async function detectImages(
  work: DetectionWork,
  images: readonly ImageEntry[],
): Promise<DetectionOutcome> {
  const { engine, params, folder } = work;
  const annotator = new Annotator();
  const files: string[] = [];
  let failure: AppError | undefined;
  let failed = 0;
  if (params.annotate) await makeFolder(path.join(folder, FOLDER));
  for (const [index, image] of images.entries()) {
    engine.signal.throwIfAborted();
    const name = `${FOLDER}/${String(index + 1).padStart(4, '0')}.jpg`;
    const annotated = params.annotate && files.length < MAX_ANNOTATED ? name : null;
    const error = await detectImage(work, image, { annotator, annotated });
    if (error) failed += 1;
    else if (annotated !== null) files.push(annotated);
    failure ??= error;
    report(engine, index + 1, images.length);
  }
  const processed = images.length - failed;
  return { processed, files, failure, facts: { processed, failed } };
}

/** @returns the error of an image that could not be processed */
async function detectImage(
  work: DetectionWork,
  entry: ImageEntry,
  drawing: { readonly annotator: Annotator; readonly annotated: string | null },
): Promise<AppError | undefined> {
  const { mediaId, name, width, height, warnings } = entry;
  const facts = { mediaId, name, width, height, warnings };
  try {
    const image = await readOpaque(work, entry);
    const detections = await detect(work, image);
    const { annotated, annotator } = drawing;
    if (annotated !== null) {
      const size = workingSizeOf(image, ANNOTATED_SIDE);
      await work.stopwatch.time('annotateMs', async () => {
        const canvas = await annotator.draw(image, detections, size);
        const jpeg = await encodeImage(canvas, { format: 'jpeg', quick: true });
        await writeFile(path.join(work.folder, annotated), jpeg);
      });
    }
    await work.records.add({ ...facts, detections, annotated, error: null }, [name, mediaId, '', '']);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'MEDIA_CHANGED') throw error;
    const { code, message } = error;
    const record = { ...facts, detections: [], annotated: null, error: { code, message } };
    await work.records.add(record, [name, mediaId, '', ''], code);
    return error;
  }
}

/** Detects objects in every n-th frame of a video. */
export async function detectFrames(
  work: DetectionWork,
  { video, frameStep }: { readonly video: VideoEntry; readonly frameStep: number },
): Promise<DetectionOutcome> {
  const { engine, params, folder, stopwatch } = work;
  const { mediaId, name, width, height } = video;
  const { ffmpeg: tools, signal } = engine;
  const probe = await stopwatch.time('probeMs', () =>
    probeStoredVideo(engine.mediaPaths[mediaId], video, { tools, signal, decode: 'all' }),
  );
  const end = Math.min(video.frameCount, probe.frameCount);
  const total = processedFrames(end, frameStep);
  const secondsPerFrame = (frameStep * probe.fps.den) / probe.fps.num;
  const annotated = params.annotate
    ? new AnnotatedVideo({ folder, total, secondsPerFrame, size: video, engine })
    : null;
  const plan = { start: 0, end, step: frameStep };
  const written = await runFrames(work, video, { probe, plan, annotated }).finally(() => annotated?.stop());
  const fewer = `The video has ${String(end)} frames that can be decoded, ${String(video.frameCount)} were counted when it was stored.`;
  const unwritten = `${VIDEO_FILE} could not be written; the boxes are in the document and in the table.`;
  const warnings = [
    ...video.warnings,
    ...(end < video.frameCount ? [fewer] : []),
    ...(annotated && !written ? [unwritten] : (annotated?.warnings ?? [])),
  ];
  const facts = { video: { mediaId, name, width, height, frameCount: end, fps: probe.fps }, frameStep };
  return {
    processed: total,
    files: written ? [VIDEO_FILE] : [],
    facts: { ...facts, processed: total, annotated: written ? VIDEO_FILE : null, warnings },
  };
}

interface FrameRun {
  readonly probe: VideoProbe;
  readonly plan: FrameRange;
  readonly annotated: AnnotatedVideo | null;
}

/** @returns whether an annotated video was written */
async function runFrames(
  work: DetectionWork,
  { mediaId, name, width, height }: VideoEntry,
  { probe, plan, annotated }: FrameRun,
): Promise<boolean> {
  const { engine, records, stopwatch } = work;
  const frames = openFrameStream({
    path: engine.mediaPaths[mediaId],
    probe,
    plan,
    workingSize: { width, height },
    format: 'rgb24',
    tools: engine.ffmpeg,
    signal: engine.signal,
  });
  let done = 0;
  for await (const { index: frame, timeSeconds, data } of frames) {
    engine.signal.throwIfAborted();
    const image = { width, height, data };
    const detections = await detect(work, image);
    await stopwatch.time('annotateMs', () => annotated?.offer(done, image, detections));
    await records.add({ frame, timeSeconds, detections }, [name, mediaId, frame, timeSeconds]);
    done += 1;
    report(engine, done, processedFrames(plan.end, plan.step));
  }
  return (await annotated?.finish()) ?? false;
}

function detect({ detector, params, stopwatch }: DetectionWork, image: Image) {
  const { threshold, maxDetections, labels } = params;
  return stopwatch.time('networkMs', () => detector.detect(image, { threshold, maxDetections, labels }));
}

/** Reads a stored image and composites it on white. */
async function readOpaque({ engine, stopwatch }: DetectionWork, entry: ImageEntry): Promise<Image> {
  const { mediaId, width, height } = entry;
  const image = await stopwatch.time('decodeMs', () => readImage(engine.mediaPaths[mediaId], width * height));
  return onWhite(image);
}

function report(engine: EngineContext, done: number, total: number): void {
  engine.progress({ done, total, percent: Math.floor((done / total) * LAST_PERCENT), stage: 'infer' });
}
