import type { Classification, ClassifyOptions } from '../../domain/network.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import type { Classifier, Scores } from '../../networks/classification/classifier.js';
import type { DecodedImage } from '../../media/image-decoder.js';
import { describeError } from '../../errors/process-error.js';
import type { ImageElements } from '../../networks/preprocessing/preprocessor.js';
import { detectImage } from './detect-image.js';
import { decodeWork, isImageWork, type ImageToDetect, type ImageWork } from './image-work.js';
import { MicroBatcher, type BatchItem } from './micro-batcher.js';
import type { OpenNetwork } from '../../networks/open/open-network.js';
import type { FromModelServer, LoadRequest, NetworkWork, ToModelServer } from './protocol.js';
import { noClassifier, noDetector, noOutput, notLoaded, singleRow } from './refusals.js';

/** Connections of the host to its process; the entry point binds them to IPC. */
export interface ModelServerHostPorts {
  /** Resolves when the message has left this process. */
  send(message: FromModelServer): Promise<void>;
  open(request: LoadRequest): Promise<OpenNetwork>;
  /** Number of images that are decoded concurrently. */
  readonly decoders: number;
  rssBytes(): number;
}

interface Waiting extends BatchItem {
  readonly receivedAt: number;
  readonly decodeMs: number;
  readonly options: ClassifyOptions | null;
  readonly image: DecodedImage | null;
  /** Only for detection. */
  readonly search: ImageToDetect | null;
  /** Input of a run without an image: a preprocessed tensor, or arbitrary feeds. */
  readonly solo: Extract<NetworkWork, { kind: 'infer' }> | Tensor | null;
}

interface Undecoded {
  readonly id: number;
  readonly receivedAt: number;
  readonly work: ImageWork;
}

/**
 * The engine side of a model server process: decodes images on threads in advance, batches them, and runs one
 * batch at a time.
 */
export class ModelServerHost {
  readonly #ports: ModelServerHostPorts;
  #network: OpenNetwork | undefined;
  #loadRequest: LoadRequest | undefined;
  #batcher: MicroBatcher<Waiting> | undefined;
  readonly #undecoded: Undecoded[] = [];
  #decoding = 0;
  readonly #cancelled = new Set<number>();
  #elements: ImageElements | undefined;

  constructor(ports: ModelServerHostPorts) {
    this.#ports = ports;
  }

  /** Handles a message of the parent. */
  receive(message: ToModelServer): void {
    if (message.type === 'load') void this.#load(message.request);
    else if (message.type === 'cancel') this.#cancel(message.id);
    else this.#accept(message.id, message.work);
  }

  async #load(request: LoadRequest): Promise<void> {
    try {
      const network = await this.#ports.open(request);
      const maxBatch = network.classifier?.maxBatch ?? 1;
      this.#loadRequest = request;
      this.#network = network;
      this.#batcher = new MicroBatcher({
        maxBatch,
        maxDelayMs: network.maxDelayMs,
        run: (batch) => this.#run(batch),
      });
      const { inputs, outputs } = network.session;
      const facts = {
        inputs: inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims: [...dims] })),
        outputs: outputs.map(({ name, dtype, dims }) => ({ name, dtype, dims: [...dims] })),
        maxBatch,
        device: { ...network.device, attempts: [...network.device.attempts] },
        rssBytes: this.#ports.rssBytes(),
      };
      await this.#ports.send({ type: 'loaded', facts });
    } catch (error) {
      await this.#ports.send({ type: 'failed', error: describeError(error) });
    }
  }

  #accept(id: number, work: NetworkWork): void {
    const receivedAt = performance.now();
    if (!this.#network || !this.#batcher) return this.#fail(id, notLoaded());
    if (work.kind === 'classify' && !this.#network.classifier) return this.#fail(id, noClassifier());
    if (work.kind === 'detect' && !this.#network.detector) return this.#fail(id, noDetector());
    const item = { id, receivedAt, decodeMs: 0, image: null, search: null, joinable: false } as const;
    this.#batcher.expect();
    if (isImageWork(work)) {
      this.#undecoded.push({ id, receivedAt, work });
      this.#decodeNext();
    } else if (work.kind === 'infer') this.#batcher.add({ ...item, options: null, solo: work });
    else if (work.source.kind === 'tensor')
      this.#batcher.add({ ...item, options: work.options, solo: work.source.tensor });
  }

  #cancel(id: number): void {
    const waits = this.#undecoded.findIndex((item) => item.id === id);
    if (waits >= 0) {
      this.#undecoded.splice(waits, 1);
      this.#batcher?.drop();
    } else if (!this.#batcher?.cancel(id)) this.#cancelled.add(id);
  }

  #decodeNext(): void {
    if (this.#decoding >= this.#ports.decoders) return;
    const next = this.#undecoded.shift();
    if (!next) return;
    this.#decoding += 1;
    void this.#decode(next).finally(() => {
      this.#decoding -= 1;
      this.#decodeNext();
    });
  }

  async #decode({ id, receivedAt, work }: Undecoded): Promise<void> {
    if (!this.#network || !this.#loadRequest || !this.#batcher) return;
    // Reported before decoding starts, because some decoders block this thread, and some never return.
    await this.#ports.send({ type: 'decoding', id, ended: false });
    const startedAt = performance.now();
    try {
      const decoded = await decodeWork(this.#network, work, this.#loadRequest.image);
      const decodeMs = performance.now() - startedAt;
      const item = { id, receivedAt, decodeMs, solo: null, ...decoded };
      // Messages that have already arrived are read first, so that their images can join the batch: a run
      // blocks this thread.
      setImmediate(() => this.#decoded(item));
    } catch (error) {
      this.#batcher.drop();
      if (!this.#cancelled.delete(id)) this.#fail(id, error);
    } finally {
      void this.#ports.send({ type: 'decoding', id, ended: true });
    }
  }

  #decoded(item: Waiting): void {
    if (this.#cancelled.delete(item.id)) this.#batcher?.drop();
    else this.#batcher?.add(item);
  }

  /** Runs a batch. The start is reported first, because the run blocks this thread. */
  async #run(batch: readonly Waiting[]): Promise<void> {
    await this.#ports.send({ type: 'started', ids: batch.map(({ id }) => id) });
    try {
      const [first] = batch;
      if (first.solo && 'kind' in first.solo) await this.#runInfer(first, first.solo);
      else if (first.search) await this.#runDetector(first, first.search);
      else await this.#runClassifier(batch, first.solo);
    } catch (error) {
      for (const { id } of batch) this.#fail(id, error);
    }
    for (const { id } of batch) this.#cancelled.delete(id);
  }

  async #runInfer({ id }: Waiting, work: Extract<NetworkWork, { kind: 'infer' }>): Promise<void> {
    const { session } = this.#loaded();
    const known = session.outputs.map(({ name }) => name);
    const missing = work.outputs?.find((name) => !known.includes(name));
    if (missing !== undefined) throw noOutput(missing, known);
    const outputs = await session.run(work.feeds, work.outputs ?? sendable(session.outputs));
    await this.#ports.send({ type: 'done', id, answer: { kind: 'infer', outputs } });
  }

  async #runDetector({ id, receivedAt, decodeMs }: Waiting, search: ImageToDetect): Promise<void> {
    const { detector } = this.#loaded();
    if (!detector) throw noDetector();
    const startedAt = performance.now();
    const detections = await detectImage(detector, search);
    const timings = {
      queueMs: Math.max(0, startedAt - receivedAt - decodeMs),
      decodeMs,
      preprocessMs: 0,
      // Includes placing the image in the input and decoding the outputs.
      inferenceMs: performance.now() - startedAt,
      postprocessMs: 0,
    };
    const found = { detections, image: presentedImage(search.source), timings, batchSize: 1 };
    await this.#ports.send({ type: 'done', id, answer: { kind: 'detect', found } });
  }

  async #runClassifier(batch: readonly Waiting[], tensor: Tensor | null): Promise<void> {
    const classifier = this.#classifier();
    const startedAt = performance.now();
    const elements = tensor === null ? this.#write(classifier, batch) : null;
    const preparedAt = performance.now();
    const scores =
      elements === null
        ? await classifier.runTensor(singleRow(tensor))
        : await classifier.run(elements, batch.length);
    const ranAt = performance.now();
    batch.forEach((item, index) => {
      const times = { startedAt, preparedAt, ranAt };
      try {
        const classification = this.#judge(item, scores[index], { times, batchSize: batch.length });
        void this.#ports.send({
          type: 'done',
          id: item.id,
          answer: { kind: 'classify', classification },
        });
      } catch (error) {
        this.#fail(item.id, error);
      }
    });
  }

  /** Writes the input of a batch. The memory is reused, because only one batch runs at a time. */
  #write({ preprocessor, maxBatch }: Classifier, batch: readonly Waiting[]): ImageElements {
    this.#elements ??= preprocessor.allocate(maxBatch);
    batch.forEach(({ image }, index) => {
      if (image && this.#elements) preprocessor.write(image.pixels, this.#elements, index);
    });
    return this.#elements.subarray(0, batch.length * preprocessor.elements);
  }

  #judge(
    { receivedAt, decodeMs, options, image }: Waiting,
    scores: Scores,
    run: { times: { startedAt: number; preparedAt: number; ranAt: number }; batchSize: number },
  ): FromEngineClassification {
    const { startedAt, preparedAt, ranAt } = run.times;
    const judgedFrom = performance.now();
    const wanted = options ?? { topK: 1, threshold: 0 };
    const judged = this.#classifier().judge(scores, wanted);
    return {
      ...judged,
      predictions: judged.predictions.map((prediction) => ({ ...prediction })),
      classes: scores.length,
      ...(wanted.scores && { scores: [...scores] }),
      image: image && presentedImage(image),
      timings: {
        queueMs: Math.max(0, startedAt - receivedAt - decodeMs),
        decodeMs,
        preprocessMs: preparedAt - startedAt,
        inferenceMs: ranAt - preparedAt,
        postprocessMs: performance.now() - judgedFrom,
      },
      batchSize: run.batchSize,
    };
  }

  #loaded(): OpenNetwork {
    if (!this.#network) throw notLoaded();
    return this.#network;
  }

  #classifier(): Classifier {
    const { classifier } = this.#loaded();
    if (!classifier) throw noClassifier();
    return classifier;
  }

  #fail(id: number, error: unknown): void {
    void this.#ports.send({ type: 'failed', id, error: describeError(error) });
  }
}

type FromEngineClassification = Extract<
  Extract<FromModelServer, { type: 'done' }>['answer'],
  { kind: 'classify' }
>['classification'] &
  Omit<Classification, 'network'>;

const presentedImage = ({ width, height, format, warnings }: Omit<DecodedImage, 'pixels'>) => ({
  width,
  height,
  format,
  warnings: [...warnings],
});

/** Outputs that are numeric tensors; sequences, maps and strings cannot be returned. */
const sendable = (outputs: readonly TensorInfo[]): readonly string[] =>
  outputs.filter(({ dtype }) => dtype !== 'not a tensor' && dtype !== 'string').map(({ name }) => name);
