import path from 'node:path';
import type { Detection, DetectionBox } from '../../domain/detection.js';
import type { OpenImage } from '../../media/image-file.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import { growBox } from '../../vision/image/box.js';
import type { Image, Size } from '../../vision/image/image.js';
import { markBox, type Mask } from '../../vision/image/mask.js';
import type { EngineContext, JobPlan } from '../definition.js';
import { openJobDetector, type OpenDetector } from '../detection/job-detector.js';
import { onWhite } from '../detection/on-white.js';
import { RecordWriter } from '../detection/record-writer.js';
import { HeldBoxes } from './held-boxes.js';
import { requestedDevice, type DetectedMaskParams, type InpaintingParams } from './params.js';
import { sourceName, type InpaintingItem } from './plan.js';

/** Files in the ZIP that list all detections. */
const FILES = { json: 'detections.json', csv: 'detections.csv' } as const;

/** A video frame as passed to the detector and to the records. */
interface FrameToMask {
  /** Frame index, from 0. */
  readonly index: number;
  readonly timeSeconds: number;
  readonly image: Image;
}

/** Where the files of the ZIP are written, and the media of the plan by name. */
export interface DetectedMasksOutput {
  readonly folder: string;
  readonly media: JobPlan<unknown>['media'];
}

/** Creates masks from detections and records the detections. The caller must close it. */
export class DetectedMasks {
  readonly #open: OpenDetector;
  readonly #params: DetectedMaskParams;
  readonly #output: DetectedMasksOutput;
  readonly #records: RecordWriter;
  readonly #stopwatch = new Stopwatch();

  private constructor(open: OpenDetector, params: DetectedMaskParams, output: DetectedMasksOutput) {
    const file = (name: string): string => path.join(output.folder, name);
    this.#open = open;
    this.#params = params;
    this.#output = output;
    this.#records = new RecordWriter({ json: file(FILES.json), csv: file(FILES.csv) }, 'found');
  }

  /**
   * Opens the detector named in the parameters; `null` when masks were uploaded.
   * @throws AppError as `openJobDetector`
   */
  static async open(
    params: InpaintingParams,
    engine: EngineContext,
    output: DetectedMasksOutput,
  ): Promise<DetectedMasks | null> {
    const { mask, strict } = params;
    if (mask === undefined) return null;
    const { detector: modelId, version } = mask;
    const open = await openJobDetector({ modelId, version, strict, device: requestedDevice(params) }, engine);
    return new DetectedMasks(open, mask, output);
  }

  /** Creates the mask of an image from its detections. */
  async ofImage(item: InpaintingItem, image: OpenImage): Promise<Mask> {
    const detections = await this.#detect(onWhite(image));
    await this.#record(item, detections);
    return this.#maskOf(
      image,
      detections.map(({ box }) => box),
    );
  }

  /** Creates the masks of the frames of one video; frames must be passed in order. */
  ofVideo(item: InpaintingItem): (frame: FrameToMask) => Promise<Mask> {
    const held = new HeldBoxes();
    return async ({ image, index, timeSeconds }) => {
      const detections = await this.#detect(image);
      await this.#record(item, detections, { frame: index, timeSeconds });
      return this.#maskOf(image, held.next(detections));
    };
  }

  /**
   * Completes the files.
   * @returns facts about the masks for the result, names of the files, and timings
   */
  async finish() {
    const { detector, network, device } = this.#open;
    const { labels = null, threshold = detector.threshold, grow } = this.#params;
    const { maxDetections = detector.maxDetections } = this.#params;
    const facts = { detector: network, device, labels, threshold, maxDetections, grow };
    const masks = await this.#records.finish(facts, FILES.json);
    return { masks, files: Object.values(FILES), timings: this.#stopwatch.totals() };
  }

  close(): void {
    this.#records.stop();
    this.#open.release();
  }

  #detect(image: Image): Promise<Detection[]> {
    const { labels, threshold, maxDetections } = this.#params;
    const { detector } = this.#open;
    return this.#stopwatch.time('detectMs', () =>
      detector.detect(image, { labels, threshold, maxDetections }),
    );
  }

  #record(
    item: InpaintingItem,
    detections: readonly Detection[],
    place?: { readonly frame: number; readonly timeSeconds: number },
  ): Promise<void> {
    const { number, name } = item;
    const mediaId = this.#output.media[sourceName(item)];
    const row = [name, mediaId, place?.frame ?? '', place?.timeSeconds ?? ''] as const;
    return this.#records.add({ number, name, ...place, detections }, row);
  }

  #maskOf(size: Size, boxes: readonly DetectionBox[]): Mask {
    const { width, height } = size;
    const mask = { width, height, data: new Uint8Array(width * height) };
    for (const { x, y, width: across, height: down } of boxes) {
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const whole = { left, top, width: Math.ceil(x + across) - left, height: Math.ceil(y + down) - top };
      markBox(mask, growBox(whole, this.#params.grow, mask));
    }
    return mask;
  }
}
